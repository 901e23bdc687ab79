import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { exportJWK, SignJWT } from 'jose';

import { parseConfig } from '../../src/config/parseConfig.js';
import { ConfigurationError } from '../../src/errors/ConfigurationError.js';
import { createTokenVerifier, signToken } from '../../src/security/tokens.js';
import { UnauthenticatedError } from '../../src/security/UnauthenticatedError.js';

const secret = randomBytes(32).toString('base64');
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'analytics-tokens-'));
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

const configOf = (env: Record<string, string>) => parseConfig({ ANALYTICS_DATA_DIR: dir, ...env });
const withSecret = (env: Record<string, string> = {}) => configOf({ ANALYTICS_TOKEN_SECRET: secret, ...env });
const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;

function token(claims: Record<string, unknown>, alg = 'HS256', key: Parameters<SignJWT['sign']>[0] = Buffer.from(secret)) {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
}

async function refusal(verifying: Promise<unknown>): Promise<string> {
  const error: unknown = await verifying.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof UnauthenticatedError)) throw new Error('it was not refused');
  expect(error.cause).toBeUndefined();
  return error.reason;
}

describe('tokens', () => {
  it('are verified with the secret that signed them', async () => {
    const config = withSecret();
    const signed = await signToken(config, { subject: 'ada', roles: ['self'], ttlSeconds: 60 });
    const identity = await (await createTokenVerifier(config)).verify(signed);
    expect(identity).toEqual({ subject: 'ada', roles: ['self'], expiresAt: expect.any(Number), issuedAt: expect.any(Number), via: expect.stringMatching(/^token:[0-9a-f-]{36}$/) });
    expect(identity.expiresAt! - Date.now()).toBeGreaterThan(55_000);
  });

  it('need no roles and no expiry', async () => {
    const identity = await (await createTokenVerifier(withSecret())).verify(await token({ sub: 'ada' }));
    expect(identity).toEqual({ subject: 'ada', roles: [], expiresAt: undefined, issuedAt: undefined, via: 'token' });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['expired', { sub: 'ada', exp: seconds(-6) }, 'expired'],
    ['not valid yet', { sub: 'ada', nbf: seconds(3600) }, 'not_yet_valid'],
    ['without a subject', {}, 'claims'],
    ['with an empty subject', { sub: '' }, 'claims'],
    ['with a subject that is no text', { sub: 7 }, 'claims'],
    ['with a subject that is too long', { sub: 'a'.repeat(257) }, 'claims'],
    ['with roles that are no list', { sub: 'ada', roles: 'admin' }, 'claims'],
    ['with an expiry that is no number', { sub: 'ada', exp: 'tomorrow' }, 'claims'],
  ])('are refused when %s', async (_, claims, reason) => {
    const verifier = await createTokenVerifier(withSecret());
    expect(await refusal(verifier.verify(await token(claims)))).toBe(reason);
  });

  it('are accepted within 5 s of their times', async () => {
    const verifier = await createTokenVerifier(withSecret());
    await expect(verifier.verify(await token({ sub: 'ada', exp: seconds(-3), nbf: seconds(3) }))).resolves.toMatchObject({ subject: 'ada' });
  });

  it('are refused with another key, another algorithm, none, or changed', async () => {
    const verifier = await createTokenVerifier(withSecret());
    expect(await refusal(verifier.verify(await token({ sub: 'ada' }, 'HS256', randomBytes(32))))).toBe('signature');
    expect(await refusal(verifier.verify(await token({ sub: 'ada' }, 'HS512', randomBytes(64))))).toBe('algorithm');
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(await refusal(verifier.verify(`${part({ alg: 'none' })}.${part({ sub: 'ada' })}.`))).toBe('algorithm');
    const [head, , signature] = (await token({ sub: 'ada' })).split('.');
    expect(await refusal(verifier.verify(`${head}.${part({ sub: 'bob' })}.${signature}`))).toBe('signature');
    for (const text of ['', 'x', 'a.b.c', '....', 'e30.e30.e30', 'x'.repeat(100_000)]) expect(await refusal(verifier.verify(text))).toBe('malformed');
  });

  it('are held to issuer and audience when these are configured', async () => {
    const config = withSecret({ ANALYTICS_TOKEN_ISSUER: 'us', ANALYTICS_TOKEN_AUDIENCE: 'analytics' });
    const verifier = await createTokenVerifier(config);
    await expect(verifier.verify(await signToken(config, { subject: 'ada', ttlSeconds: 60 }))).resolves.toMatchObject({ subject: 'ada' });
    for (const claims of [{ sub: 'ada' }, { sub: 'ada', iss: 'us' }, { sub: 'ada', iss: 'them', aud: 'analytics' }, { sub: 'ada', iss: 'us', aud: 'other' }]) {
      expect(await refusal(verifier.verify(await token(claims)))).toBe('claims');
    }
  });

  it.each([
    ['EdDSA', () => generateKeyPairSync('ed25519')],
    ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const)('signed with %s are verified with the public key, as PEM, JWK and file', async (alg, make) => {
    const { publicKey, privateKey } = make();
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const file = path.join(dir, 'public.pem');
    await writeFile(file, pem);
    const signed = await token({ sub: 'ada', exp: seconds(3600) }, alg, privateKey);
    for (const env of [
      { ANALYTICS_TOKEN_PUBLIC_KEY: pem },
      { ANALYTICS_TOKEN_PUBLIC_KEY: JSON.stringify(await exportJWK(publicKey)) },
      { ANALYTICS_TOKEN_PUBLIC_KEY_FILE: file },
    ]) {
      const config = configOf({ NODE_ENV: 'production', ...env });
      const verifier = await createTokenVerifier(config);
      await expect(verifier.verify(signed)).resolves.toMatchObject({ subject: 'ada' });
      // The classical confusion: an HMAC whose secret is the public key, which everybody has.
      expect(await refusal(verifier.verify(await token({ sub: 'ada' }, 'HS256', Buffer.from(pem))))).toBe('algorithm');
      await expect(signToken(config, { subject: 'ada', ttlSeconds: 60 })).rejects.toThrow(ConfigurationError);
    }
  });

  it('get a secret of their own in development, kept for this user only', async () => {
    const config = configOf({});
    const [one, two] = await Promise.all([signToken(config, { subject: 'ada', ttlSeconds: 60 }), signToken(config, { subject: 'ada', ttlSeconds: 60 })]);
    const verifier = await createTokenVerifier(config);
    await expect(verifier.verify(one)).resolves.toMatchObject({ subject: 'ada' });
    await expect(verifier.verify(two)).resolves.toMatchObject({ subject: 'ada' });
    const file = path.join(dir, 'token-secret');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, 'utf8')).trim().length).toBeGreaterThanOrEqual(43);
  });

  it.each<[string, Record<string, string>]>([
    ['production without a key', { NODE_ENV: 'production' }],
    ['a secret under 32 bytes', { ANALYTICS_TOKEN_SECRET: 'x'.repeat(31) }],
    ['a file that is not there', { ANALYTICS_TOKEN_SECRET_FILE: '/nowhere/secret' }],
    ['two keys', { ANALYTICS_TOKEN_SECRET: secret, ANALYTICS_TOKEN_PUBLIC_KEY: '{}' }],
    ['a public key that is none', { ANALYTICS_TOKEN_PUBLIC_KEY: 'hello' }],
    ['a private key', { ANALYTICS_TOKEN_PUBLIC_KEY: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }],
    ['a curve that is not accepted', { ANALYTICS_TOKEN_PUBLIC_KEY: generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).publicKey.export({ type: 'spki', format: 'pem' }).toString() }],
    ['an RSA key that is too short', { ANALYTICS_TOKEN_PUBLIC_KEY: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }).toString() }],
  ])('refuse to start with %s, without quoting it', async (_, env) => {
    const error: unknown = await createTokenVerifier(configOf(env)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigurationError);
    for (const value of Object.values(env)) if (value.length > 20) expect(String(error)).not.toContain(value);
  });
});
