import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import * as errors from 'jose/errors';

import { ConfigurationError } from '../errors/ConfigurationError.js';
import { readSecret } from './secretFile.js';
import type { TokenConfig, TokenKey } from './tokenKeys.js';
import { UnauthenticatedError } from './UnauthenticatedError.js';

/** Asymmetric ones only: a key that anybody can fetch must never pass for an HMAC secret. */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'RS256'];
const FETCH_MS = 5000;
/** A token with an unknown key has the set fetched again, so often at most: or tokens of anybody's making would fetch it for ever. */
const COOL_DOWN_MS = 30_000;
const FRESH_MS = 10 * 60_000;
/** What makes a key secret, or is none of an asymmetric one. */
const SECRET_MEMBERS = ['d', 'k', 'p', 'q'];

/** The set of keys that the configuration names by URL or file; undefined when it names none. @throws ConfigurationError */
export async function loadKeySet(config: TokenConfig): Promise<Extract<TokenKey, { kind: 'set' }> | undefined> {
  const { ANALYTICS_TOKEN_JWKS_URL: url, ANALYTICS_TOKEN_JWKS_FILE: file, isProduction } = config;
  if (url !== undefined && file !== undefined) throw new ConfigurationError(['ANALYTICS_TOKEN_JWKS_URL, ANALYTICS_TOKEN_JWKS_FILE: set one of them.']);
  if (url !== undefined) {
    if (isProduction && !url.startsWith('https://')) {
      throw new ConfigurationError(['ANALYTICS_TOKEN_JWKS_URL: has to begin with https:// in production: whoever stands between could put keys of their own there.']);
    }
    const find = createRemoteJWKSet(new URL(url), { timeoutDuration: FETCH_MS, cooldownDuration: COOL_DOWN_MS, cacheMaxAge: FRESH_MS });
    return { kind: 'set', find: sayingWhatFailed(find), algorithms: ALGORITHMS };
  }
  if (file === undefined) return undefined;
  const text = await readSecret(file);
  if (text === undefined) throw new ConfigurationError([`ANALYTICS_TOKEN_JWKS_FILE: there is no file ${file}.`]);
  return { kind: 'set', find: createLocalJWKSet(parseSet(text)), algorithms: ALGORITHMS };
}

/** Tells a token whose key is not in the set from a set that could not be had. */
function sayingWhatFailed(find: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys || error instanceof errors.JOSENotSupported) throw error;
      throw new UnauthenticatedError('keys');
    }
  };
}

function parseSet(text: string): JSONWebKeySet {
  const refuse = (problem: string): never => {
    throw new ConfigurationError([`ANALYTICS_TOKEN_JWKS_FILE: ${problem}.`]);
  };
  let set: Partial<JSONWebKeySet> | null;
  try {
    set = JSON.parse(text) as Partial<JSONWebKeySet> | null; // checked below, and by jose
  } catch {
    return refuse('is not JSON; it has to be a JWK set, {"keys":[…]}');
  }
  if (set === null || !Array.isArray(set.keys) || set.keys.length === 0) return refuse('has to be a JWK set with at least one key, {"keys":[…]}');
  if (set.keys.some((key) => SECRET_MEMBERS.some((member) => Object.hasOwn(key, member)))) return refuse('holds a private or symmetric key; give public ones only');
  return { keys: set.keys };
}
