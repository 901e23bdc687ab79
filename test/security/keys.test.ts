import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { parseConfig } from '../../src/config/parseConfig.js';
import { ConfigurationError } from '../../src/errors/ConfigurationError.js';
import { KeyError } from '../../src/errors/KeyError.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { checkKeyIdentity } from '../../src/security/checkKeyIdentity.js';
import { keyRingFromMaster, keyRingFromPublicKey } from '../../src/security/KeyRing.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { keepSecret, readSecret } from '../../src/security/secretFile.js';
import { runProgram } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'analytics-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a secret that is kept in a file', () => {
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

  it('is the same for many processes that start at once, readable by its user only, and nothing is left beside it', async () => {
    const file = join(folder, 'data', 'encryption-key');
    const module = pathToFileURL(join(process.cwd(), 'dist/src/security/secretFile.js')).href;
    // All wait for one moment, so that they meet.
    const startAt = Date.now() + 1500;
    const program = `process.umask(0); const { keepSecret } = await import(${JSON.stringify(module)}); while (Date.now() < ${startAt}); process.stdout.write(await keepSecret(${JSON.stringify(file)}, 32));`;
    const children = Array.from({ length: 8 }, () => spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] }));
    const secrets = await Promise.all(
      children.map(async (child) => {
        const [secret] = await Promise.all([text(child.stdout), once(child, 'exit')]);
        return secret;
      }),
    );
    expect(new Set(secrets).size).toBe(1);
    expect(Buffer.from(secrets[0] ?? '', 'base64')).toHaveLength(32);
    expect([modeOf(file), modeOf(join(folder, 'data'))]).toEqual(['600', '700']);
    expect(readdirSync(join(folder, 'data'))).toEqual(['encryption-key']);
  });

  it('is the same for many calls at once, and for those that come later', async () => {
    const file = join(folder, 'secret');
    const secrets = await Promise.all(Array.from({ length: 50 }, async () => keepSecret(file, 16)));
    expect(new Set([...secrets, await keepSecret(file, 16), await readSecret(file)]).size).toBe(1);
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  it('is taken as it is where there is one', async () => {
    const file = join(folder, 'secret');
    writeFileSync(file, '  mine \n', { mode: 0o600 });
    expect(await keepSecret(file, 32)).toBe('mine');
    expect(await readSecret(join(folder, 'none'))).toBeUndefined();
  });

  it('is not made up where the file cannot be read', async () => {
    await expect(keepSecret(folder, 32)).rejects.toThrow('EISDIR');
  });
});

describe('the keys of the configuration', () => {
  const load = async (env: Readonly<Record<string, string>>) => loadKeyRing(parseConfig({ ANALYTICS_DATA_DIR: folder, ...env }));
  const key = randomBytes(32).toString('base64');

  it('are the same from the variable, from the file and from what development made', async () => {
    const made = await load({});
    const file = join(folder, 'encryption-key');
    expect((await load({})).publicId).toBe(made.publicId);
    expect((await load({ ANALYTICS_ENCRYPTION_KEY_FILE: file, NODE_ENV: 'production' })).publicId).toBe(made.publicId);
    expect((await load({ ANALYTICS_ENCRYPTION_KEY: readFileSync(file, 'utf8').trim() })).publicId).toBe(made.publicId);
  });

  it('that only seal have the same id and cannot open', async () => {
    const [full, sealing] = [await load({ ANALYTICS_ENCRYPTION_KEY: key }), await load({ ANALYTICS_PUBLIC_KEY: (await load({ ANALYTICS_ENCRYPTION_KEY: key })).publicKey })];
    expect(sealing).toMatchObject({ publicId: full.publicId, reading: undefined });
  });

  it.each([
    ['none in production', { NODE_ENV: 'production' }, 'ANALYTICS_ENCRYPTION_KEY'],
    ['too few bytes', { ANALYTICS_ENCRYPTION_KEY: randomBytes(31).toString('base64') }, 'ANALYTICS_ENCRYPTION_KEY'],
    ['too many bytes', { ANALYTICS_ENCRYPTION_KEY: randomBytes(33).toString('base64') }, 'ANALYTICS_ENCRYPTION_KEY'],
    ['hex', { ANALYTICS_ENCRYPTION_KEY: randomBytes(32).toString('hex') }, 'ANALYTICS_ENCRYPTION_KEY'],
    ['a pass phrase', { ANALYTICS_ENCRYPTION_KEY: 'correct horse battery staple, and more' }, 'ANALYTICS_ENCRYPTION_KEY'],
    ['no base64', { ANALYTICS_PUBLIC_KEY: `${randomBytes(32).toString('base64').slice(0, 40)}*&%$` }, 'ANALYTICS_PUBLIC_KEY'],
    ['a file that is not there', { ANALYTICS_ENCRYPTION_KEY_FILE: '/no/such/file' }, 'ANALYTICS_ENCRYPTION_KEY_FILE'],
  ])('are refused: %s, saying what to set and not what was given', async (_, env, name) => {
    const error = await load(env).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(name);
    if (!name.endsWith('_FILE')) for (const value of Object.values<string>({ ...env, NODE_ENV: '-' }).filter((value) => value.length > 10)) expect(String(error)).not.toContain(value);
    if ('NODE_ENV' in env) expect(readdirSync(folder)).toEqual([]);
  });

  it('are refused where the file is empty', async () => {
    writeFileSync(join(folder, 'encryption-key'), '');
    chmodSync(join(folder, 'encryption-key'), 0o600);
    await expect(load({})).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe('processes with different keys', () => {
  const keys = createKeys('analytics:');
  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis({ args: ['--appendonly', 'yes'] });
    redis = connect(server.url, 'failFast', 'test', () => undefined);
  });
  beforeEach(async () => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('find out when they start, however many start at once, and leave the first one’s key', async () => {
    const rings = await Promise.all(Array.from({ length: 4 }, async () => keyRingFromMaster(randomBytes(32))));
    const starts = Array.from({ length: 40 }, (_, place) => rings[place % rings.length]!);
    const outcomes = await Promise.all(starts.map(async (ring) => checkKeyIdentity(redis, keys, ring).then(() => ring.publicId, (error: unknown) => error)));
    const winners = new Set(outcomes.filter((outcome) => typeof outcome === 'string'));
    expect(winners.size).toBe(1);
    expect(outcomes.filter((outcome) => typeof outcome === 'string')).toHaveLength(10);
    const [known] = winners;
    expect(await redis.hgetall(keys.keyIdentity)).toMatchObject({ publicId: known, keyStore: 'beside' });
    for (const error of outcomes.filter((outcome) => typeof outcome !== 'string')) {
      expect(error).toBeInstanceOf(KeyError);
      expect(error).toMatchObject({ code: 'KEY_MISMATCH', message: expect.stringMatching(new RegExp(`${String(known)}.*ANALYTICS_ENCRYPTION_KEY.*REDIS_PREFIX`)) });
    }
  });

  it('include those that only seal', async () => {
    const ring = await keyRingFromMaster(randomBytes(32));
    await checkKeyIdentity(redis, keys, ring);
    await checkKeyIdentity(redis, keys, keyRingFromPublicKey(Buffer.from(ring.publicKey, 'base64')));
    const stranger = await keyRingFromMaster(randomBytes(32));
    await expect(checkKeyIdentity(redis, keys, keyRingFromPublicKey(Buffer.from(stranger.publicKey, 'base64')))).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it('include workers, which end at once with what to set', async () => {
    const ring = await keyRingFromMaster(randomBytes(32));
    await checkKeyIdentity(redis, keys, ring);
    const env = { REDIS_URL: server.url, ANALYTICS_DATA_DIR: folder, ANALYTICS_WS_PORT: String(await freePort()), ANALYTICS_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    const worker = runProgram(['dist/src/processes/main.js', '--services=processing,broadcasting,scheduling'], env);
    expect(await worker.ended()).toBe(1);
    expect(worker.output()).toContain('ANALYTICS_ENCRYPTION_KEY');
    expect(worker.output()).toContain(ring.publicId);
    expect(worker.output()).not.toContain(env.ANALYTICS_ENCRYPTION_KEY);
  });
});
