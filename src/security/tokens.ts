import { jwtVerify, SignJWT } from 'jose';
import * as errors from 'jose/errors';
import { z } from 'zod';

import { textSchema } from '../contract/json.js';
import { limits } from '../contract/limits.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { loadTokenKey, type TokenConfig } from './tokenKeys.js';
import { UnauthenticatedError, type TokenRefusal } from './UnauthenticatedError.js';

/** Who a token speaks for. */
export interface TokenIdentity {
  /** The user: the claim `sub`. */
  readonly subject: string;
  /** The claim `roles`; empty where the token has none. */
  readonly roles: readonly string[];
  /** ms since the epoch; undefined for a token without `exp`. */
  readonly expiresAt: number | undefined;
}

export interface TokenVerifier {
  /** @throws UnauthenticatedError for every token that is not good; it says why and holds no part of the token */
  verify(token: string): Promise<TokenIdentity>;
}

export interface TokenRequest {
  readonly subject: string;
  readonly roles?: readonly string[];
  readonly ttlSeconds: number;
}

/** How far the clocks of signer and server may differ. */
const TOLERANCE_SECONDS = 5;
const MOST_LENGTH = 8192;

const claimsSchema = z.object({
  sub: textSchema(limits.subjectLength),
  roles: z.array(z.string().min(1).max(64)).max(64).default([]),
  exp: z.number().optional(),
});

/**
 * Loads the key that the configuration names; see `loadTokenKey`. Checks of issuer and audience are on when
 * ANALYTICS_TOKEN_ISSUER and ANALYTICS_TOKEN_AUDIENCE are set.
 *
 * @throws ConfigurationError when there is no usable key
 */
export async function createTokenVerifier(config: TokenConfig): Promise<TokenVerifier> {
  const key = await loadTokenKey(config);
  const options = {
    algorithms: [...key.algorithms],
    clockTolerance: TOLERANCE_SECONDS,
    requiredClaims: ['sub'],
    ...(config.ANALYTICS_TOKEN_ISSUER === undefined ? {} : { issuer: config.ANALYTICS_TOKEN_ISSUER }),
    ...(config.ANALYTICS_TOKEN_AUDIENCE === undefined ? {} : { audience: config.ANALYTICS_TOKEN_AUDIENCE }),
  };
  return {
    async verify(token) {
      if (token.length > MOST_LENGTH) throw new UnauthenticatedError('malformed');
      let payload: unknown;
      try {
        ({ payload } = await jwtVerify(token, key.kind === 'secret' ? key.secret : key.publicKey, options));
      } catch (error) {
        // No cause: jose's errors carry the token's claims.
        throw new UnauthenticatedError(refusalOf(error));
      }
      const claims = claimsSchema.safeParse(payload);
      if (!claims.success) throw new UnauthenticatedError('claims');
      const { sub, roles, exp } = claims.data;
      return { subject: sub, roles, expiresAt: exp === undefined ? undefined : exp * 1000 };
    },
  };
}

/**
 * Signs a token with the HS256 secret of the configuration, which in development is made when it is missing.
 *
 * @param request `ttlSeconds`: how long it is valid, from now
 * @throws ConfigurationError when the configuration names a public key: then another party signs
 */
export async function signToken(config: TokenConfig, request: TokenRequest): Promise<string> {
  const key = await loadTokenKey(config);
  if (key.kind === 'public') {
    throw new ConfigurationError(['ANALYTICS_TOKEN_PUBLIC_KEY: tokens cannot be made with a public key. Ask whoever holds the private one.']);
  }
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT(request.roles === undefined || request.roles.length === 0 ? {} : { roles: [...request.roles] })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(request.subject)
    .setIssuedAt(now)
    .setExpirationTime(now + request.ttlSeconds);
  if (config.ANALYTICS_TOKEN_ISSUER !== undefined) token.setIssuer(config.ANALYTICS_TOKEN_ISSUER);
  if (config.ANALYTICS_TOKEN_AUDIENCE !== undefined) token.setAudience(config.ANALYTICS_TOKEN_AUDIENCE);
  return token.sign(key.secret);
}

function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim === 'nbf' && error.reason === 'check_failed' ? 'not_yet_valid' : 'claims';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  return 'malformed';
}
