import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

let master: TestRedis;
let replica: TestRedis;
/** Answers soon that it does not know. */
let service: AnalyticsService;
/** Works off what waits, however long that takes. */
let worker: AnalyticsService;
let atReplica: Redis;

beforeAll(async () => {
  master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  atReplica = new Redis(replica.url);
  if (!(await until(async () => (await atReplica.info('replication')).includes('master_link_status:up')))) throw new Error('The replica did not find its master.');
  const options = { redisUrl: master.url, encryptionKey: randomBytes(32).toString('base64'), durability: 'replicated' } as const;
  service = new AnalyticsService({ ...options, deadlineMs: 1500 });
  worker = new AnalyticsService({ ...options, deadlineMs: 20_000 });
});
afterAll(async () => {
  await replica.kill('SIGCONT');
  await Promise.all([service.close(), worker.close()]);
  atReplica.disconnect();
  await Promise.all([master.stop(), replica.stop()]);
});

const idsStored = async (): Promise<string[]> => (await service.getEvents({ type: EventType.CUSTOM })).map(({ id }) => id).sort();
const left = async (): Promise<number> => {
  const { queue } = await service.getStats();
  const { waiting, active, delayed } = queue!.queues.events; // Redis answers
  return waiting + active + delayed;
};

describe('with durability replicated', () => {
  it('no call is answered before a replica has the job, and no job ends before one has what it stored', async () => {
    // On a busy machine its first call may take longer than it waits.
    expect(await until(async () => service.trackEvent({ type: EventType.CUSTOM, id: 'first' }).then(() => true, () => false), 20_000)).toBe(true);
    await replica.kill('SIGSTOP');
    // The master has the job, and that is not enough.
    await expect(service.trackEvent({ type: EventType.CUSTOM, id: 'second' })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', id: 'second' });
    await worker.processEvents();
    expect(await idsStored()).toContain('first');
    expect(await left()).toBeGreaterThan(0);

    await replica.kill('SIGCONT');
    expect(await until(async () => service.trackEvent({ type: EventType.CUSTOM, id: 'second' }).then((id) => id === 'second', () => false), 20_000)).toBe(true);
    const isDone = async (): Promise<boolean> => {
      await worker.processEvents();
      return (await left()) === 0;
    };
    expect(await until(isDone, 20_000)).toBe(true);
    expect(await idsStored()).toEqual(['first', 'second']);
    // What ended is at the replica: as its keys, and the same.
    expect(await until(async () => (await atReplica.dbsize()) > 0)).toBe(true);
  }, 60_000);
});
