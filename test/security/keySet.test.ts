import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exportJWK, SignJWT, UnsecuredJWT, type JWTHeaderParameters } from 'jose';

import { parseConfig } from '../../src/config/parseConfig.js';
import { ConfigurationError } from '../../src/errors/ConfigurationError.js';
import { createTokenVerifier, type TokenVerifier } from '../../src/security/tokens.js';
import { UnauthenticatedError } from '../../src/security/UnauthenticatedError.js';

const keys = { ed: generateKeyPairSync('ed25519'), ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }), rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }) };
const rsaPem = keys.rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

let dir: string;
let http: Server;
let requests: string[] = [];
let published: object;
let verifier: TokenVerifier;
let url: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'analytics-jwks-'));
  published = { keys: await Promise.all(Object.entries(keys).map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid }))) };
  http = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(published));
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/jwks.json`;
  verifier = await createTokenVerifier(configOf({ ANALYTICS_TOKEN_JWKS_URL: url, ANALYTICS_TOKEN_ISSUER: 'https://id.test', ANALYTICS_TOKEN_AUDIENCE: 'analytics' }));
});
afterAll(async () => {
  http.closeAllConnections();
  http.close();
  await rm(dir, { recursive: true, force: true });
});

const configOf = (env: Record<string, string>) => parseConfig({ ANALYTICS_DATA_DIR: dir, ...env });

function sign(header: JWTHeaderParameters, key: KeyObject | Uint8Array, claims: Record<string, unknown> = {}): Promise<string> {
  const token = new SignJWT({ roles: ['self'], jti: 'id-1', ...claims }).setProtectedHeader(header).setSubject('ada').setIssuedAt().setExpirationTime('1m');
  if (!('iss' in claims)) token.setIssuer('https://id.test');
  if (!('aud' in claims)) token.setAudience('analytics');
  return token.sign(key);
}

async function refusal(token: string, by = verifier): Promise<string> {
  const error: unknown = await by.verify(token).then(
    () => 'it was accepted',
    (caught: unknown) => caught,
  );
  return error instanceof UnauthenticatedError ? error.reason : String(error);
}

describe('a published set of keys', () => {
  it('verifies tokens of each of its keys by name', async () => {
    for (const [kid, alg] of [['ed', 'EdDSA'], ['ec', 'ES256'], ['rsa', 'RS256']] as const) {
      expect(await verifier.verify(await sign({ alg, kid, typ: 'JWT' }, keys[kid].privateKey))).toMatchObject({ subject: 'ada', roles: ['self'], via: 'token:id-1' });
    }
  });

  it('refuses no algorithm, an HMAC with the public key, and a key under the name of another', async () => {
    const none = new UnsecuredJWT({ roles: ['admin'] }).setSubject('ada').setIssuer('https://id.test').setAudience('analytics').setExpirationTime('1m').encode();
    expect(await refusal(none)).toMatch(/^(algorithm|malformed)$/);
    expect(await refusal(await sign({ alg: 'HS256', kid: 'rsa' }, Buffer.from(rsaPem)))).toBe('algorithm');
    expect(await refusal(await sign({ alg: 'HS256' }, randomBytes(32)))).toBe('algorithm');
    expect(await refusal(await sign({ alg: 'EdDSA', kid: 'ed' }, generateKeyPairSync('ed25519').privateKey))).toBe('signature');
    expect(await refusal(await sign({ alg: 'RS256', kid: 'ed' }, keys.rsa.privateKey))).toBe('signature');
    expect(await refusal(await sign({ alg: 'RS512', kid: 'rsa' }, keys.rsa.privateKey))).toBe('algorithm');
  });

  it('refuses names of keys that are paths, and asks for nothing but the set', async () => {
    requests = [];
    for (const kid of ['../../etc/passwd', '/dev/null', "x' OR 1=1 --", 'http://evil.test/key', '\u0000', '..\\..\\key', 'a'.repeat(300)]) {
      expect(await refusal(await sign({ alg: 'EdDSA', kid }, keys.ed.privateKey))).toBe('malformed');
    }
    for (let n = 0; n < 20; n += 1) expect(await refusal(await sign({ alg: 'EdDSA', kid: `unknown-${n}` }, keys.ed.privateKey))).toBe('signature');
    // The cool-down: tokens of anybody's making don't have it fetched each time.
    expect(requests.length).toBeLessThanOrEqual(1);
    expect(requests.every((path) => path === '/jwks.json')).toBe(true);
  });

  it('refuses another issuer, another audience, and a token that was made for something else', async () => {
    const header = { alg: 'EdDSA', kid: 'ed' };
    expect(await refusal(await sign(header, keys.ed.privateKey, { iss: 'https://evil.test' }))).toBe('claims');
    expect(await refusal(await sign(header, keys.ed.privateKey, { aud: 'other' }))).toBe('claims');
    for (const typ of ['id_token', 'logout+jwt', 'JOSE', '']) expect(await refusal(await sign({ ...header, typ }, keys.ed.privateKey))).toBe('type');
    expect(await verifier.verify(await sign({ ...header, typ: 'at+jwt' }, keys.ed.privateKey))).toMatchObject({ subject: 'ada' });
  });

  it('says that the keys could not be fetched, which is no fault of the token', async () => {
    const away = await createTokenVerifier(configOf({ ANALYTICS_TOKEN_JWKS_URL: 'http://127.0.0.1:1/jwks.json' }));
    expect(await refusal(await sign({ alg: 'EdDSA', kid: 'ed' }, keys.ed.privateKey), away)).toBe('keys');
  });

  it('refuses whatever else it is given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String(), fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => parts.join('.'))), async (text) => {
        expect(['malformed', 'algorithm', 'signature', 'type', 'claims']).toContain(await refusal(text));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a file with a set of keys', () => {
  it('verifies as one that is published, and holds public keys only', async () => {
    const file = path.join(dir, 'jwks.json');
    await writeFile(file, JSON.stringify(published));
    const local = await createTokenVerifier(configOf({ ANALYTICS_TOKEN_JWKS_FILE: file }));
    expect(await local.verify(await sign({ alg: 'ES256', kid: 'ec' }, keys.ec.privateKey))).toMatchObject({ subject: 'ada' });
    for (const bad of ['{', '[]', '{"keys":[]}', JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }), JSON.stringify({ keys: [await exportJWK(keys.ed.privateKey)] })]) {
      await writeFile(file, bad);
      await expect(createTokenVerifier(configOf({ ANALYTICS_TOKEN_JWKS_FILE: file }))).rejects.toBeInstanceOf(ConfigurationError);
    }
  });

  it('stands alone, and is fetched by https in production', async () => {
    const secret = randomBytes(32).toString('base64');
    for (const env of [
      { ANALYTICS_TOKEN_JWKS_URL: url, ANALYTICS_TOKEN_SECRET: secret },
      { ANALYTICS_TOKEN_JWKS_URL: url, ANALYTICS_TOKEN_JWKS_FILE: '/none' },
      { ANALYTICS_TOKEN_JWKS_URL: url, NODE_ENV: 'production' },
      { ANALYTICS_TOKEN_JWKS_FILE: path.join(dir, 'absent.json') },
    ]) {
      await expect((async () => createTokenVerifier(configOf(env)))()).rejects.toBeInstanceOf(ConfigurationError);
    }
  });
});
