import { createHash, randomUUID } from 'node:crypto';

import { decodeProtectedHeader, jwtVerify, SignJWT, type JWTVerifyOptions, type JWTVerifyResult, type ProtectedHeaderParameters } from 'jose';
import * as errors from 'jose/errors';
import { z } from 'zod';

import type { Identity } from '../access/revocation/Identity.js';
import { textSchema } from '../contract/json.js';
import { limits } from '../contract/limits.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { loadTokenKey, type TokenConfig, type TokenKey } from './tokenKeys.js';
import { UnauthenticatedError, type TokenRefusal } from './UnauthenticatedError.js';

export interface TokenVerifier {
  /** @throws UnauthenticatedError for every credential that is not good; it says why and holds no part of it */
  verify(token: string): Promise<Identity>;
}

export interface TokenRequest {
  readonly subject: string;
  readonly roles?: readonly string[];
  readonly ttlSeconds: number;
}

/** How far the clocks of signer and server may differ. */
const TOLERANCE_SECONDS = 5;
const MOST_LENGTH = 8192;

/** Ids that may stand in a record as they are; of any other its hash does. */
const PLAIN_ID = /^[\w.-]{1,64}$/;
/** What a token may call itself, RFC 8725 section 3.11: one that was made for something else is none for this. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'jwt', 'at+jwt', 'application/at+jwt'];
/** Names of keys are looked up, and never a path or an address. */
const KEY_NAME = /^[\w.:+=-]{1,256}$/;

const claimsSchema = z.object({
  sub: textSchema(limits.subjectLength),
  jti: z.string().min(1).max(256).optional(),
  iat: z.number().optional(),
  roles: z.array(z.string().min(1).max(64)).max(64).default([]),
  exp: z.number().optional(),
  // What is malformed says nothing, rather than refuse a token that is good otherwise.
  amr: z.array(z.string().max(64)).max(64).optional().catch(undefined),
});

/** Words of `amr` that tell of a second factor, RFC 8176: several factors, a one-time code, a key in hardware. */
const MULTI_FACTOR: ReadonlySet<string> = new Set(['mfa', 'otp', 'hwk']);

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
    requiredClaims: config.isProduction ? ['sub', 'exp'] : ['sub'],
    ...(config.ANALYTICS_TOKEN_ISSUER === undefined ? {} : { issuer: config.ANALYTICS_TOKEN_ISSUER }),
    ...(config.ANALYTICS_TOKEN_AUDIENCE === undefined ? {} : { audience: config.ANALYTICS_TOKEN_AUDIENCE }),
  };
  return {
    async verify(token) {
      if (token.length > MOST_LENGTH) throw new UnauthenticatedError('malformed');
      let payload: unknown;
      try {
        checkHeader(headerOf(token));
        ({ payload } = await verifyWith(key, token, options));
      } catch (error) {
        if (error instanceof UnauthenticatedError) throw error;
        // No cause: jose's errors carry the token's claims.
        throw new UnauthenticatedError(refusalOf(error));
      }
      const claims = claimsSchema.safeParse(payload);
      if (!claims.success) throw new UnauthenticatedError('claims');
      const { sub, roles, exp, iat, jti, amr = [] } = claims.data;
      const inMs = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1000);
      const isMultiFactor = amr.some((method) => MULTI_FACTOR.has(method));
      return { subject: sub, roles, expiresAt: inMs(exp), issuedAt: inMs(iat), via: jti === undefined ? 'token' : `token:${plainId(jti)}`, ...(isMultiFactor && { isMultiFactor }) };
    },
  };
}

function verifyWith(key: TokenKey, token: string, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  switch (key.kind) {
    case 'secret':
      return jwtVerify(token, key.secret, options);
    case 'public':
      return jwtVerify(token, key.publicKey, options);
    case 'set':
      return jwtVerify(token, key.find, options);
  }
}

function headerOf(token: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw new UnauthenticatedError('malformed');
  }
}

function checkHeader({ typ, kid }: ProtectedHeaderParameters): void {
  if (!TYPES.includes(typ)) throw new UnauthenticatedError('type');
  if (kid !== undefined && !KEY_NAME.test(kid)) throw new UnauthenticatedError('malformed');
}

/** An id as records have it. */
export function plainId(id: string): string {
  return PLAIN_ID.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 32);
}

/**
 * Signs a token with the HS256 secret of the configuration, which in development is made when it is missing.
 *
 * @param request `ttlSeconds`: how long it is valid, from now
 * @throws ConfigurationError when the configuration names a public key: then another party signs
 */
export async function signToken(config: TokenConfig, request: TokenRequest): Promise<string> {
  const key = await loadTokenKey(config);
  if (key.kind !== 'secret') {
    throw new ConfigurationError(['ANALYTICS_TOKEN_SECRET: tokens cannot be made with a public key. Ask whoever holds the private one.']);
  }
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT(request.roles === undefined || request.roles.length === 0 ? {} : { roles: [...request.roles] })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(request.subject)
    .setJti(randomUUID())
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
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) return 'signature';
  return 'malformed';
}
