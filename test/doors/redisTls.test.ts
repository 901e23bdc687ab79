import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFileSync, writeFileSync } from 'node:fs';

import { parseConfig } from '../../src/config/parseConfig.js';
import { ConfigurationError } from '../../src/errors/ConfigurationError.js';
import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { inspectRedis } from '../../src/processes/inspectRedis.js';
import { connect } from '../../src/redis/connect.js';
import type { RedisClient } from '../../src/redis/RedisClient.js';
import { createAuthority, type TestAuthority, type TestCertificate } from '../support/certificates.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/program.js';
import { recordWire } from '../support/wire.js';
import { people } from '../support/witness/people.js';

const PASSWORD = 'canary-password-of-redis-5521';

let authority: TestAuthority;
let stranger: TestAuthority;
let certificate: TestCertificate;
let server: TestRedis;
/** What every client needs here. */
let files: Readonly<Record<string, string>>;
const open: RedisClient[] = [];

beforeAll(async () => {
  [authority, stranger] = await Promise.all([createAuthority(), createAuthority()]);
  certificate = await authority.sign('service');
  files = { REDIS_TLS_CA_FILE: authority.caFile, REDIS_TLS_CERT_FILE: certificate.certFile, REDIS_TLS_KEY_FILE: certificate.keyFile, REDIS_PASSWORD: PASSWORD };
  server = await startRedis({ tls: { caFile: authority.caFile, certificate: await authority.sign('redis') }, args: ['--requirepass', PASSWORD] });
});
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect();
});
afterAll(async () => {
  await server.stop();
  authority.close();
  stranger.close();
});

/** Opens as the service does. */
function openAs(environment: Readonly<Record<string, string>>): RedisClient {
  const redis = connect(parseConfig({ REDIS_URL: server.url, ...files, ...environment }), 'failFast', 'test', () => undefined);
  open.push(redis);
  return redis;
}

async function answers(redis: RedisClient): Promise<boolean> {
  return redis.ping().then(
    () => true,
    () => false,
  );
}

describe('over TLS', () => {
  it('everything runs that runs in clear, and a listener on the wire reads nothing, not even what the keys are called', async () => {
    const wire = await recordWire(server.port);
    for (const [name, value] of Object.entries(files)) process.env[name] = value;
    try {
      await using service = new AnalyticsService({ redisUrl: `rediss://127.0.0.1:${wire.port}`, worker: true, encryptionKey: Buffer.alloc(32, 7).toString('base64') });
      const id = await service.trackEvent({ type: EventType.PAGE_VIEW, userId: people.eve, properties: { page: '/canary' } });
      expect(await until(async () => (await service.getEvents({ type: EventType.PAGE_VIEW })).some((event) => event.id === id))).toBe(true);
    } finally {
      for (const name of Object.keys(files)) delete process.env[name];
    }
    const bytes = Buffer.concat(wire.bytes());
    await wire.close();
    expect(bytes.length).toBeGreaterThan(10_000);
    for (const word of [PASSWORD, 'analytics', 'EVALSHA', 'redis_version', people.eve, '/canary']) expect([word, bytes.includes(word)]).toEqual([word, false]);
  });

  it('a check of Redis says who it is, and what is wrong in words', async () => {
    expect(await inspectRedis(parseConfig({ REDIS_URL: server.url, ...files }))).toMatchObject({ state: 'answering' });
    expect(await inspectRedis(parseConfig({ REDIS_URL: server.url, ...files, REDIS_TLS_CA_FILE: stranger.caFile }))).toMatchObject({ state: 'refused', reason: expect.stringMatching(/certificates \(REDIS_TLS_CA_FILE/) });
  });
});

describe('refused is', () => {
  it('a server of another authority', async () => {
    expect(await answers(openAs({ REDIS_TLS_CA_FILE: stranger.caFile }))).toBe(false);
  });

  it('a server by a name that is not in its certificate', async () => {
    // 127.0.0.2 is this machine too, and no certificate says so.
    expect(await answers(openAs({ REDIS_URL: server.url.replace('127.0.0.1', '127.0.0.2') }))).toBe(false);
  });

  it('a client without a certificate, or with a stranger’s', async () => {
    const { REDIS_TLS_CA_FILE = '', REDIS_PASSWORD = '' } = files;
    const bare = connect(parseConfig({ REDIS_URL: server.url, REDIS_TLS_CA_FILE, REDIS_PASSWORD }), 'failFast', 'test', () => undefined);
    open.push(bare);
    expect(await answers(bare)).toBe(false);
    const theirs = await stranger.sign('thief');
    expect(await answers(openAs({ REDIS_TLS_CERT_FILE: theirs.certFile, REDIS_TLS_KEY_FILE: theirs.keyFile }))).toBe(false);
    const good = openAs({});
    expect(await until(async () => answers(good))).toBe(true);
  });

  it('a connection in clear', async () => {
    const clear = connect(server.url.replace('rediss', 'redis'), 'failFast', 'test', () => undefined);
    open.push(clear);
    expect(await answers(clear)).toBe(false);
  });

  it('a file that is not there, or is none, with its name and without its content', async () => {
    expect(() => openAs({ REDIS_TLS_KEY_FILE: '/nowhere/key.pem' })).toThrow(new ConfigurationError(['REDIS_TLS_KEY_FILE: /nowhere/key.pem cannot be read.']));
    const junk = `${authority.caFile}.junk`;
    writeFileSync(junk, 'canary-junk');
    const fault = (environment: Record<string, string>) => expect(() => openAs(environment)).toThrow(/they do not fit together/);
    fault({ REDIS_TLS_KEY_FILE: junk });
    fault({ REDIS_TLS_CERT_FILE: junk });
    fault({ REDIS_TLS_CERT_FILE: (await authority.sign('other')).certFile });
  });
});

describe('a certificate that is renewed', () => {
  it('is read for the next connection, without a restart', async () => {
    const own = await authority.sign('renewed');
    const [certFile, keyFile] = [`${own.certFile}.now`, `${own.keyFile}.now`];
    const theirs = await stranger.sign('expired');
    copyFileSync(own.certFile, certFile);
    copyFileSync(own.keyFile, keyFile);
    const redis = openAs({ REDIS_TLS_CERT_FILE: certFile, REDIS_TLS_KEY_FILE: keyFile });
    expect(await until(async () => answers(redis))).toBe(true);
    // One that Redis refuses stands for one that is past its time.
    copyFileSync(theirs.certFile, certFile);
    copyFileSync(theirs.keyFile, keyFile);
    const drop = async () => openAs({}).call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await drop();
    expect(await until(async () => !(await answers(redis)))).toBe(true);
    copyFileSync(own.certFile, certFile);
    copyFileSync(own.keyFile, keyFile);
    expect(await until(async () => answers(redis))).toBe(true);
  });
});
