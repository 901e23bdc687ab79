import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { parseConfig } from '../../src/config/parseConfig.js';
import { createLogger } from '../../src/logging/createLogger.js';
import { createHeartbeat } from '../../src/monitoring/Heartbeat.js';
import { formats, ownRelease, type Release } from '../../src/monitoring/release.js';
import { awaitRedis } from '../../src/processes/awaitRedis.js';
import { checkClock } from '../../src/checks/checkClock.js';
import { checkReleases } from '../../src/checks/checkReleases.js';
import { checkStart } from '../../src/checks/checkStart.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys, type Keys } from '../../src/redis/keys.js';
import { createKeyRecognizer } from '../../src/redis/knownKeys.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const keys = createKeys('analytics:');
const config = parseConfig({ ANALYTICS_LOG_LEVEL: 'silent' });
const logger = createLogger(config, 'main');

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'failFast', 'test', () => undefined) as Redis; // it is no cluster
});
beforeEach(async () => {
  await redis.flushall();
  await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '0');
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const start = async (allows = false) => checkStart(redis, keys, { ANALYTICS_ALLOW_FOREIGN_KEYS: allows }, logger);

describe('the key space', () => {
  it('may hold what is ours, and nothing else', async () => {
    const own = keys.event('page_view');
    await redis.hset(own.chunks, 'a', 'b');
    await redis.hset(keys.metric('~AbC_-1').tier('1m'), 'a', 'b');
    await redis.set(own.users(20_000), 'x');
    await redis.hset(`${keys.eventQueuePrefix}:queue:any-id`, 'data', '{}');
    await start();
    await redis.set('analytics:session:jane@example.org', '1');
    await expect(start()).rejects.toThrow(/1 of \d+ keys .* \(analytics:session:…\).*prefix of its own.*ANALYTICS_ALLOW_FOREIGN_KEYS/s);
    await expect(start()).rejects.not.toThrow(/jane/);
    await start(true);
  });

  it('is refused where a key of ours holds something else', async () => {
    await redis.set(keys.eventCatalogue, 'theirs');
    await expect(start(true)).rejects.toThrow(/another program has written analytics:catalogue:events/);
  });

  it('is looked at in part only, so that a large one does not keep a start waiting', async () => {
    await redis.eval("for index = 1, 60000 do redis.call('SET', 'other:' .. index, '') end", 0);
    const commands = async () => Number(/cmdstat_scan:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
    const before = await commands();
    await start();
    expect((await commands()) - before).toBeLessThanOrEqual(10);
  });

  it.each([false, true])('knows every key that there is, cluster: %s', (cluster) => {
    const all = createKeys('analytics:', { cluster });
    const isOurs = createKeyRecognizer(all);
    const listed = (value: unknown): string[] => {
      if (typeof value === 'string') return value === all.prefix ? [] : [value];
      if (typeof value === 'function') return listed((value as (name: string) => unknown)('page_view'));
      return Object.values(value as object).flatMap(listed);
    };
    const { eventQueuePrefix, queuePrefix } = all;
    const others: Partial<Keys> = { ...all };
    for (const name of ['eventQueuePrefix', 'queuePrefix', 'queueFence'] as const) delete others[name];
    for (const key of listed(others)) expect([key, isOurs(key)]).toEqual([key, true]);
    for (const prefix of [eventQueuePrefix, queuePrefix]) expect(isOurs(all.queueFence(prefix))).toBe(true);
    for (const key of ['analytics:', 'analytics:x', 'analytics:events', 'analytics:events:processed', 'analytics:events:other:a', 'analytics:metrics:a:b']) expect([key, isOurs(key)]).toEqual([key, false]);
  });
});

describe('the clock', () => {
  it('may differ by a second from that of Redis; an hour is refused', async () => {
    expect(await checkClock(redis)).toEqual([]);
    expect(await checkClock(redis, () => Date.now() - 5000)).toEqual([expect.objectContaining({ kind: 'warn' })]);
    expect(await checkClock(redis, () => Date.now() + 2 * 3_600_000)).toEqual([{ kind: 'refuse', sentence: expect.stringMatching(/differ by 2\.0 hours.*NTP/) }]);
  });
});

describe('releases side by side', () => {
  const own: Release = { version: '1.2.0', bullmq: '6.7.0', formats: { batch: { writes: 1, reads: [1] }, chunk: { writes: 2, reads: [1, 2] } } };
  const beside = (other: Partial<Release>) => checkReleases(own, [{ role: 'processing', host: 'a', pid: 7, ...own, ...other }]);

  it('may differ as long as each reads what the other writes, which is said', () => {
    expect(beside({})).toEqual([]);
    expect(beside({ version: '1.3.0', formats: { ...own.formats, chunk: { writes: 2, reads: [2] } } })).toEqual([{ kind: 'warn', sentence: expect.stringContaining('Version 1.3.0 runs beside this one, 1.2.0') }]);
    expect(beside({ bullmq: '6.8.0' })).toEqual([expect.objectContaining({ kind: 'warn' })]);
  });

  it('are refused where one would write what the other cannot read', () => {
    expect(beside({ version: '1.1.0', formats: { ...own.formats, chunk: { writes: 1, reads: [1] } } })[0]).toEqual({ kind: 'refuse', sentence: expect.stringMatching(/writes format 2 of "chunk".*processing, a, pid 7, version 1\.1\.0.*Update that one first/) });
    expect(beside({ version: '2.0.0', formats: { ...own.formats, batch: { writes: 2, reads: [1, 2] } } })[0]).toEqual({ kind: 'refuse', sentence: expect.stringContaining('cannot read format 2 of "batch"') });
    expect(beside({ bullmq: '7.0.0' })[0]).toMatchObject({ kind: 'refuse' });
  });

  it('tell each other by their heartbeats', async () => {
    const beat = createHeartbeat({ redis, keys, role: 'scheduling', figures: () => ({}) });
    await beat.start();
    await start();
    const [id = ''] = await redis.smembers(keys.heartbeats);
    expect(await redis.hmget(keys.heartbeat(id), 'version', 'bullmq')).toEqual([ownRelease().version, ownRelease().bullmq]);
    await redis.hset(keys.heartbeat(id), 'formats', JSON.stringify({ ...formats, chunk: { writes: 99, reads: [99] } }));
    await expect(start()).rejects.toThrow(/"chunk"/);
    await beat.close();
  });
});

describe('Redis', () => {
  const wait = async (environment: Record<string, string>) =>
    awaitRedis(parseConfig({ REDIS_URL: server.url, ANALYTICS_LOG_LEVEL: 'silent', ...environment }), logger, new AbortController().signal);

  it('is refused where it deletes data, and in production where it would or keeps none over a restart', async () => {
    expect(await wait({})).toMatchObject({ dangers: [{ kind: 'volatile' }] });
    await expect(wait({ NODE_ENV: 'production' })).rejects.toThrow(/append-only.*ANALYTICS_ALLOW_VOLATILE/);
    expect(await wait({ NODE_ENV: 'production', ANALYTICS_ALLOW_VOLATILE: 'true' })).toMatchObject({ state: 'answering' });
    await redis.config('SET', 'maxmemory-policy', 'volatile-lru');
    await expect(wait({ NODE_ENV: 'production', ANALYTICS_ALLOW_VOLATILE: 'true' })).rejects.toThrow(/volatile-lru.*noeviction/);
    expect(await wait({})).toMatchObject({ state: 'answering' });
    await redis.config('SET', 'maxmemory', '100mb');
    await expect(wait({})).rejects.toThrow(/volatile-lru/);
  });

  it('may refuse CONFIG', async () => {
    await redis.call('ACL', 'SETUSER', 'managed', 'on', '>word', '~*', '&*', '+@all', '-config');
    expect(await wait({ REDIS_URL: server.url.replace('//', '//managed:word@') })).toMatchObject({ state: 'answering', folder: undefined });
  });
});
