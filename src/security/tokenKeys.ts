import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import path from 'node:path';

import type { JWTVerifyGetKey } from 'jose';

import type { Config } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { loadKeySet } from './keySet.js';
import { keepSecret, readSecret } from './secretFile.js';

export type TokenConfig = Pick<
  Config,
  | 'ANALYTICS_TOKEN_SECRET'
  | 'ANALYTICS_TOKEN_SECRET_FILE'
  | 'ANALYTICS_TOKEN_PUBLIC_KEY'
  | 'ANALYTICS_TOKEN_PUBLIC_KEY_FILE'
  | 'ANALYTICS_TOKEN_JWKS_URL'
  | 'ANALYTICS_TOKEN_JWKS_FILE'
  | 'ANALYTICS_TOKEN_ISSUER'
  | 'ANALYTICS_TOKEN_AUDIENCE'
  | 'ANALYTICS_DATA_DIR'
  | 'isProduction'
>;

/** What tokens are checked with. The key decides the algorithm; a token's header never does. */
export type TokenKey =
  | { readonly kind: 'secret'; readonly secret: Uint8Array; readonly algorithms: readonly string[] }
  | { readonly kind: 'public'; readonly publicKey: KeyObject; readonly algorithms: readonly string[] }
  | { readonly kind: 'set'; readonly find: JWTVerifyGetKey; readonly algorithms: readonly string[] };

const SECRET_LEAST_BYTES = 32;
const RSA_LEAST_BITS = 2048;

/**
 * The key that the configuration names: a public key, or an HS256 secret (the text's UTF-8 bytes). In development, where
 * it names none, a secret is made and kept with mode 0600 as `token-secret` in the data folder.
 *
 * @throws ConfigurationError when it is malformed, too short, named twice, or absent in production
 */
export async function loadTokenKey(config: TokenConfig): Promise<TokenKey> {
  const secret = await textOf(config, 'ANALYTICS_TOKEN_SECRET');
  const publicKey = await textOf(config, 'ANALYTICS_TOKEN_PUBLIC_KEY');
  const set = await loadKeySet(config);
  if (set !== undefined) {
    const [other] = [secret, publicKey].filter((one) => one !== undefined);
    if (other === undefined) return set;
    throw new ConfigurationError([`${other.name} and ANALYTICS_TOKEN_JWKS_URL or _FILE: set one of them, since who signs tokens is one party.`]);
  }
  if (secret !== undefined && publicKey !== undefined) {
    throw new ConfigurationError([`${secret.name} and ${publicKey.name}: set one of them, since a token is checked with one key.`]);
  }
  if (publicKey !== undefined) return publicTokenKey(publicKey.name, publicKey.text);
  if (secret !== undefined) return secretTokenKey(secret.name, secret.text);
  if (config.isProduction) {
    throw new ConfigurationError([
      'ANALYTICS_TOKEN_SECRET: a key for tokens is needed in production. Set it, or ANALYTICS_TOKEN_SECRET_FILE, to at least ' +
        `${SECRET_LEAST_BYTES} random bytes (openssl rand -base64 32), or ANALYTICS_TOKEN_PUBLIC_KEY to the public key of whoever signs.`,
    ]);
  }
  const file = path.resolve(config.ANALYTICS_DATA_DIR, 'token-secret');
  return secretTokenKey(file, await keepSecret(file, SECRET_LEAST_BYTES));
}

async function textOf(
  config: TokenConfig,
  name: 'ANALYTICS_TOKEN_SECRET' | 'ANALYTICS_TOKEN_PUBLIC_KEY',
): Promise<{ name: string; text: string } | undefined> {
  const text = config[name];
  if (text !== undefined) return { name, text: text.trim() };
  const fileName = `${name}_FILE` as const;
  const file = config[fileName];
  if (file === undefined) return undefined;
  const read = await readSecret(file);
  if (read === undefined) throw new ConfigurationError([`${fileName}: there is no file ${file}.`]);
  return { name: fileName, text: read };
}

function secretTokenKey(name: string, text: string): TokenKey {
  const secret = Buffer.from(text, 'utf8');
  if (secret.length < SECRET_LEAST_BYTES) {
    throw new ConfigurationError([`${name}: has ${secret.length} bytes; HS256 needs at least ${SECRET_LEAST_BYTES} (openssl rand -base64 32).`]);
  }
  return { kind: 'secret', secret, algorithms: ['HS256'] };
}

function publicTokenKey(name: string, text: string): TokenKey {
  const publicKey = parsePublicKey(name, text);
  const details = publicKey.asymmetricKeyDetails;
  switch (publicKey.asymmetricKeyType) {
    case 'ed25519':
      return { kind: 'public', publicKey, algorithms: ['EdDSA', 'Ed25519'] };
    case 'ec':
      if (details?.namedCurve === 'prime256v1') return { kind: 'public', publicKey, algorithms: ['ES256'] };
      break;
    case 'rsa':
      if ((details?.modulusLength ?? 0) >= RSA_LEAST_BITS) return { kind: 'public', publicKey, algorithms: ['RS256'] };
      break;
    default:
  }
  throw new ConfigurationError([`${name}: has to be an Ed25519 key, a P-256 key, or an RSA key of at least ${RSA_LEAST_BITS} bits.`]);
}

function parsePublicKey(name: string, text: string): KeyObject {
  const isJwk = text.startsWith('{');
  // createPublicKey would take a private key and use its public half: then a secret lies where a public thing is expected.
  if (isPrivate(text, isJwk)) throw new ConfigurationError([`${name}: is a private key. Give the public one, and keep the private one with whoever signs.`]);
  try {
    // JSON.parse gives any; createPublicKey checks what is in it.
    return isJwk ? createPublicKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' }) : createPublicKey(text);
  } catch {
    throw new ConfigurationError([`${name}: has to be a public key as PEM ("-----BEGIN PUBLIC KEY-----") or as one JWK ({"kty": ...}).`]);
  }
}

function isPrivate(text: string, isJwk: boolean): boolean {
  try {
    if (isJwk) return Object.hasOwn(JSON.parse(text) as object, 'd');
    createPrivateKey(text);
    return true;
  } catch {
    return false;
  }
}
