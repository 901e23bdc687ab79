import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { rmSync } from 'node:fs';
import { Redis } from 'ioredis';

import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import type { Logger } from '../../src/logging/createLogger.js';
import { awaitRuntime, type OpenedRuntime } from '../../src/processes/awaitRuntime.js';
import { createKeys } from '../../src/redis/keys.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';

const encryptionKey = Buffer.alloc(32, 5).toString('base64');

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const config = (url: string) => parseConfig({ REDIS_URL: url, ANALYTICS_ENCRYPTION_KEY: encryptionKey, ANALYTICS_LOG_LEVEL: 'silent' });

/** Starts until it has begun to wait, sets Redis right, and tells what was said. */
async function startAnd(mend: () => Promise<unknown>): Promise<{ readonly opened: OpenedRuntime | undefined; readonly lines: readonly string[] }> {
  const lines: string[] = [];
  const note = (sentence: string, fields: object = {}): void => void lines.push(`${sentence} ${JSON.stringify(fields)}`);
  const logger: Logger = { error: note, warn: note, info: note, debug: note };
  const starting = awaitRuntime(config(server.url), logger, AbortSignal.timeout(20_000));
  await Promise.race([starting, until(() => lines.length > 0)]);
  await mend();
  const opened = await starting;
  opened?.runtime.keyRing.reading?.dataKeys.close();
  return { opened, lines };
}

const ask = async (...words: readonly string[]): Promise<unknown> => redis.call(words[0]!, ...words.slice(1)); // there is a first

describe('a start that Redis refuses', () => {
  const mendings: [word: string, what: string, bring: string[][], mend: string[][]][] = [
    ['OOM', 'is full', [['CONFIG', 'SET', 'maxmemory', '1']], [['CONFIG', 'SET', 'maxmemory', '0']]],
    ['NOREPLICAS', 'lacks its replicas', [['CONFIG', 'SET', 'min-replicas-to-write', '1']], [['CONFIG', 'SET', 'min-replicas-to-write', '0']]],
    ['READONLY', 'is a replica', [['REPLICAOF', '127.0.0.1', '1']], [['REPLICAOF', 'NO', 'ONE']]],
    [
      'MASTERDOWN',
      'is a replica without its master',
      [['CONFIG', 'SET', 'replica-serve-stale-data', 'no'], ['REPLICAOF', '127.0.0.1', '1']],
      [['REPLICAOF', 'NO', 'ONE'], ['CONFIG', 'SET', 'replica-serve-stale-data', 'yes']],
    ],
    ['crowded|absent', 'has as many clients as it takes', [['CONFIG', 'SET', 'maxclients', '1']], [['CONFIG', 'SET', 'maxclients', '1000']]],
  ];

  it.each(mendings)('waits while it answers %s: it %s', async (word, _what, bring, mend) => {
    for (const words of bring) await ask(...words);
    const { opened, lines } = await startAnd(async () => {
      for (const words of mend) await ask(...words);
    });
    expect(opened).toBeDefined();
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^Waiting for Redis.*"(${word})"`)), expect.stringMatching(/^Redis (takes|answers)/)]);
  });

  it('waits while it cannot write to its disk (MISCONF)', async () => {
    const broken = await startRedis({ args: ['--save', '3600 1'] });
    const client = new Redis(broken.url);
    try {
      // It stands in a folder that is gone: nobody can write there, root included.
      rmSync(broken.dir, { recursive: true });
      await client.bgsave();
      await until(async () => (await client.info('persistence')).includes('rdb_last_bgsave_status:err'));
      const lines: string[] = [];
      const note = (sentence: string, fields: object = {}): void => void lines.push(`${sentence} ${JSON.stringify(fields)}`);
      const starting = awaitRuntime(config(broken.url), { error: note, warn: note, info: note, debug: note }, AbortSignal.timeout(20_000));
      await until(() => lines.length > 0);
      expect(lines).toEqual([expect.stringContaining('MISCONF')]);
      await client.config('SET', 'save', '');
      const opened = await starting;
      expect(opened).toBeDefined();
      opened?.runtime.keyRing.reading?.dataKeys.close();
    } finally {
      client.disconnect();
      await broken.stop();
    }
  });

  it('ends at once where nobody but a person can set it right', async () => {
    await redis.call('ACL', 'SETUSER', 'poor', 'on', '>word', '~*', '&*', '+@all', '-type');
    const note = (): void => undefined;
    const starting = awaitRuntime(config(server.url.replace('//', '//poor:word@')), { error: note, warn: note, info: note, debug: note }, AbortSignal.timeout(20_000));
    await expect(starting).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID', message: expect.stringMatching(/NOPERM.*npm run acl/) });
  });

  it('gives up waiting when it is told to end', async () => {
    await redis.config('SET', 'maxmemory', '1');
    try {
      const note = (): void => undefined;
      expect(await awaitRuntime(config(server.url), { error: note, warn: note, info: note, debug: note }, AbortSignal.timeout(700))).toBeUndefined();
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
  });
});

describe('a process that is started while Redis is full', () => {
  let program: RunningProgram | undefined;
  let service: AnalyticsService;
  let port: number;

  beforeEach(() => {
    service = new AnalyticsService({ redisUrl: server.url, encryptionKey });
  });
  afterEach(async () => {
    await redis.config('SET', 'maxmemory', '0');
    program?.signalGroup('SIGKILL');
    await program?.ended();
    await service.close();
  });

  async function start(): Promise<RunningProgram> {
    port = await freePort();
    program = runProgram(['dist/src/processes/main.js', '--services=board,processing,scheduling'], {
      REDIS_URL: server.url,
      ANALYTICS_BOARD_PORT: String(port),
      ANALYTICS_ENCRYPTION_KEY: encryptionKey,
      ANALYTICS_CONCURRENCY: '1',
      ANALYTICS_READY_ROLES: 'processing,scheduling',
    });
    return program;
  }
  const readiness = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    return response === undefined ? 'nobody' : `${response.status} ${await response.text()}`;
  };
  const isStored = async (id: string): Promise<boolean> => (await service.getEvents({ type: EventType.CUSTOM })).some((event) => event.id === id);

  it('waits where nothing is known yet; where it only starts again, it works off what waits, and says that it is not ready', async () => {
    const first = await service.trackEvent({ type: EventType.CUSTOM });
    // What the service noted of its keys is gone: the process has to write it anew.
    await redis.del(createKeys('analytics:').keyIdentity);
    await redis.config('SET', 'maxmemory', '1');
    const waiting = await start();
    await waiting.waitFor('reason=OOM');
    expect(await readiness()).toBe('nobody');
    await redis.config('SET', 'maxmemory', '0');
    await waiting.waitFor('role=scheduling');
    expect(await until(async () => isStored(first))).toBe(true);
    expect(await until(async () => (await readiness()).startsWith('200'), 20_000)).toBe(true);

    waiting.signalGroup('SIGKILL');
    await waiting.ended();
    const second = await service.trackEvent({ type: EventType.CUSTOM });
    await redis.config('SET', 'maxmemory', '1');
    const again = await start();
    await again.waitFor('role=scheduling');
    expect(await until(async () => (await readiness()).includes('REDIS_REFUSES_WRITES'))).toBe(true);
    await redis.config('SET', 'maxmemory', '0');
    expect(await until(async () => isStored(second))).toBe(true);
    expect(await until(async () => (await readiness()).startsWith('200'), 20_000)).toBe(true);
    expect(again.output().split('\n').length).toBeLessThan(10 * 20);
  }, 90_000);
});
