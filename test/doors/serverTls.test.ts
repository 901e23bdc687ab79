import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectPlain, type AddressInfo } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type ConnectionOptions } from 'node:tls';

import { startBoard } from '../../bull-board/startBoard.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { ConfigurationError } from '../../src/errors/ConfigurationError.js';
import { createLogger } from '../../src/logging/createLogger.js';
import type { Runtime } from '../../src/processes/Runtime.js';
import { startHttp } from '../../src/http/startHttp.js';
import { startBroadcasting } from '../../src/realtime/startBroadcasting.js';
import { createKeys } from '../../src/redis/keys.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { signToken } from '../../src/security/tokens.js';
import { openSocket } from '../realtime/support/socket.js';
import { createAuthority, type TestAuthority } from '../support/certificates.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const production = { NODE_ENV: 'production', ANALYTICS_TOKEN_SECRET: 'x'.repeat(48), ANALYTICS_BOARD_PORT: '0', ANALYTICS_WS_PORT: '0', ANALYTICS_LOG_LEVEL: 'silent' };
const starts = { board: startBoard, broadcasting: startBroadcasting } as const;

let authority: TestAuthority;
let server: TestRedis;
let certFile: string;
let keyFile: string;

beforeAll(async () => {
  authority = await createAuthority();
  ({ certFile, keyFile } = await authority.sign('first'));
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
  authority.close();
});

async function runtimeOf(environment: Readonly<Record<string, string>>): Promise<Runtime> {
  const config = parseConfig({ ...production, REDIS_URL: server.url, ...environment });
  return { config, keys: createKeys('tls:'), logger: createLogger(config, 'main'), keyRing: await keyRingFromMaster(randomBytes(32)) };
}

const tlsFiles = () => ({ ANALYTICS_TLS_CERT_FILE: certFile, ANALYTICS_TLS_KEY_FILE: keyFile });

/** The version that was agreed on and whose certificate it is; undefined when there was no handshake. */
async function handshake(port: number, options: ConnectionOptions): Promise<{ version: string | null; name: string | undefined } | undefined> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca, ...options });
  return new Promise((resolve) => {
    socket.once('error', () => resolve(undefined));
    socket.once('secureConnect', () => {
      resolve({ version: socket.getProtocol(), name: String(socket.getPeerCertificate().subject.CN) });
      socket.destroy();
    });
  });
}

/** Old versions take ciphers that OpenSSL only gives out when told to. */
const only = (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): ConnectionOptions => ({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });

describe.each(['board', 'broadcasting'] as const)('the role %s', (role) => {
  it('starts in production with a certificate or with a word on a proxy, and not without', async () => {
    await expect(starts[role](await runtimeOf({}))).rejects.toThrow(/production serves nothing without TLS.*ANALYTICS_TLS_BY_PROXY=true/);
    const behindProxy = await starts[role](await runtimeOf({ ANALYTICS_TLS_BY_PROXY: 'true' }));
    expect(await speaksPlainly(behindProxy.port)).toContain('HTTP/1.1');
    await behindProxy.close();
  });

  it('speaks TLS 1.2 and 1.3, and neither older versions nor plain text', async () => {
    const running = await starts[role](await runtimeOf(tlsFiles()));
    expect(await handshake(running.port, only('TLSv1.3'))).toMatchObject({ version: 'TLSv1.3' });
    expect(await handshake(running.port, only('TLSv1.2'))).toMatchObject({ version: 'TLSv1.2' });
    // That the same client gets through elsewhere shows that it was this server that refused.
    const { cert, key } = await authority.sign('lax');
    const lax = createTlsServer({ cert, key, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
    await once(lax.listen(0, '127.0.0.1'), 'listening');
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      expect(await handshake((lax.address() as AddressInfo).port, only(version))).toMatchObject({ version });
      expect([version, await handshake(running.port, only(version))]).toEqual([version, undefined]);
    }
    lax.close();
    expect(await speaksPlainly(running.port)).not.toContain('HTTP');
    await running.close();
  });

  it.each([
    ['a file that is not there', () => ({ ...tlsFiles(), ANALYTICS_TLS_KEY_FILE: '/nowhere/key.pem' }), /ANALYTICS_TLS_KEY_FILE: \/nowhere\/key.pem cannot be read/],
    ['a key of another certificate', async () => ({ ...tlsFiles(), ANALYTICS_TLS_KEY_FILE: (await authority.sign('other')).keyFile }), /do not fit together/],
    ['a file that is no certificate', () => ({ ...tlsFiles(), ANALYTICS_TLS_CERT_FILE: keyFile }), /do not fit together/],
  ])('does not start with %s', async (_what, environment, message) => {
    const start = starts[role](await runtimeOf(await environment()));
    await expect(start).rejects.toThrow(ConfigurationError);
    await expect(start).rejects.toThrow(message);
  });

  it('takes a renewed certificate without a restart, and keeps the old one while half of a pair is there', async () => {
    const [certNow, keyNow] = [`${certFile}.${role}`, `${keyFile}.${role}`];
    const second = await authority.sign('second');
    copyFileSync(certFile, certNow);
    copyFileSync(keyFile, keyNow);
    const running = await starts[role](await runtimeOf({ ANALYTICS_TLS_CERT_FILE: certNow, ANALYTICS_TLS_KEY_FILE: keyNow }));
    const name = async () => (await handshake(running.port, {}))?.name;
    expect(await name()).toBe('first');
    const held = connectTls({ port: running.port, host: '127.0.0.1', ca: authority.ca });
    await once(held, 'secureConnect');

    writeFileSync(certNow, 'half of a');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    copyFileSync(second.certFile, certNow);
    expect(await name()).toBe('first');
    copyFileSync(second.keyFile, keyNow);
    expect(await until(async () => (await name()) === 'second')).toBe(true);
    expect(held.destroyed).toBe(false);
    held.destroy();
    await running.close();
  });
});

describe('the role http', () => {
  it('starts in production as the others do, and tells browsers to stay with TLS', async () => {
    const start = async (environment: Readonly<Record<string, string>>) => startHttp(await runtimeOf({ ANALYTICS_HTTP_PORT: '0', ...environment }));
    await expect(start({})).rejects.toThrow(/production serves nothing without TLS/);
    const behindProxy = await start({ ANALYTICS_TLS_BY_PROXY: 'true' });
    expect(await speaksPlainly(behindProxy.port)).toMatch(/HTTP\/1.1 404[^]*strict-transport-security: max-age=\d{8}/i);
    await behindProxy.close();
    const running = await start(tlsFiles());
    expect(await handshake(running.port, only('TLSv1.2'))).toMatchObject({ version: 'TLSv1.2' });
    expect(await handshake(running.port, only('TLSv1.1'))).toBeUndefined();
    expect(await speaksPlainly(running.port)).not.toContain('HTTP');
    await running.close();
  });
});

describe('over TLS', () => {
  it('pages tell browsers to stay with it, and a session’s cookie goes nowhere else', async () => {
    const runtime = await runtimeOf(tlsFiles());
    const board = await startBoard(runtime);
    const ask = async (method: string, path: string, body = '') =>
      new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port: board.port, ca: authority.ca, method, path, headers: { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/x-www-form-urlencoded' } }, (response) => {
          response.resume();
          resolve({ status: response.statusCode, headers: response.headers });
        });
        asked.on('error', reject).end(body);
      });
    for (const path of ['/sign-in', '/health/live', '/nowhere', '/assets/board.css']) {
      expect([path, (await ask('GET', path)).headers['strict-transport-security']]).toEqual([path, expect.stringMatching(/^max-age=\d{8}; includeSubDomains$/)]);
    }
    const token = await signToken(runtime.config, { subject: 'somebody', roles: ['viewer'], ttlSeconds: 60 });
    const { status, headers } = await ask('POST', '/sign-in', String(new URLSearchParams({ token })));
    expect([status, headers['set-cookie']]).toEqual([303, [expect.stringMatching(/^__Host-.*HttpOnly; Secure; SameSite=Strict$/)]]);
    await board.close();
  });

  it('a socket signs in and gets its answer', async () => {
    const runtime = await runtimeOf(tlsFiles());
    const role = await startBroadcasting(runtime);
    const socket = await openSocket(`wss://127.0.0.1:${role.port}`, { ca: authority.ca });
    socket.send({ type: 'authenticate', userId: 'user-123', token: await signToken(runtime.config, { subject: 'user-123', ttlSeconds: 60 }) });
    expect(await until(() => socket.messages.length > 0)).toBe(true);
    expect(socket.messages[0]).toMatchObject({ type: 'authenticated', userId: 'user-123' });
    await expect(openSocket(`ws://127.0.0.1:${role.port}`)).rejects.toThrow(/hang up|ECONNRESET/);
    await expect(openSocket(`wss://127.0.0.1:${role.port}`)).rejects.toThrow(/certificate/);
    await socket.close();
    await role.close();
  });
});

/** What a server answers to a request in clear until it hangs up. */
async function speaksPlainly(port: number): Promise<string> {
  const socket = connectPlain(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await once(socket, 'close').catch(() => undefined);
  return text;
}
