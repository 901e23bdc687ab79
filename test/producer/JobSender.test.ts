import { randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { jobs } from '../../queues/jobs.js';
import { queuePlaces } from '../../queues/names.js';
import { newBatchId } from '../../src/codec/batchId.js';
import { AnalyticsError } from '../../src/errors/AnalyticsError.js';
import { BusyError } from '../../src/errors/BusyError.js';
import type { BatchOutcome, BatchSender } from '../../src/producer/batch.js';
import { createJobSender } from '../../src/producer/JobSender.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { keyRingFromMaster, type KeyRing } from '../../src/security/KeyRing.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const WORDS = 'what the batch says';
const TOO_LITTLE = '1';

let server: TestRedis;
let redis: Redis;
let looking: Redis;
let queue: Queue;
let keyRing: KeyRing;
let giveUp: AbortController;
let errors: Error[];
let send: BatchSender;

beforeEach(async () => {
  server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  redis = connect(server.url, 'failFast', 'test', () => undefined);
  looking = connect(server.url, 'patient', 'test-looking', () => undefined);
  queue = createQueue(queuePlaces(createKeys('analytics:')).events, redis);
  queue.on('error', () => undefined);
  keyRing = await keyRingFromMaster(randomBytes(32));
  giveUp = new AbortController();
  errors = [];
  send = createSender();
  await queue.waitUntilReady();
});

afterEach(async () => {
  giveUp.abort();
  await queue.close();
  redis.disconnect();
  looking.disconnect();
  await server.stop();
});

function createSender(patienceMs = 0): BatchSender {
  const load = { markFull: () => new BusyError('redisMemory', 1000) };
  return createJobSender({ queue, redis, jobName: jobs.events.name, kind: 'events', priority: 10, keyRing, load, patienceMs, signal: giveUp.signal, onError: (error) => errors.push(error) });
}

function batch(encode = () => Buffer.from(WORDS)) {
  return { id: newBatchId(Date.now()), count: 2, encode };
}

/** The jobs that wait, as they stand in Redis. */
async function waitingJobs(): Promise<{ id: string; data: unknown; priority: unknown }[]> {
  const ids = await looking.zrange('analytics:events:queue:prioritized', '0', '-1');
  return Promise.all(
    ids.map(async (id) => {
      const job = await looking.hgetall(`analytics:events:queue:${id}`);
      return { id, data: JSON.parse(job['data'] ?? 'null') as unknown, priority: job['priority'] };
    }),
  );
}

async function expectStoredOnce(id: string): Promise<void> {
  const waiting = await waitingJobs();
  expect(waiting.map((job) => job.id)).toEqual([id]);
  const data = jobs.events.payload.parse(waiting[0]?.data);
  const opened = await keyRing.reading!.transport.open(id, 'events', 2, { sealedKey: Buffer.from(data.key, 'base64'), ciphertext: Buffer.from(data.c, 'base64') });
  expect(opened.toString()).toBe(WORDS);
}

/** Whether the outcome is there already. */
function watch(outcome: Promise<BatchOutcome>) {
  const watched: { outcome?: BatchOutcome } = {};
  void outcome.then((settled) => (watched.outcome = settled));
  return watched;
}

describe('a batch on its way', () => {
  it('is a job of its id and priority that fits the schema, and is acknowledged', async () => {
    const one = batch();
    expect(await send(one)).toEqual({ kind: 'acknowledged' });
    await expectStoredOnce(one.id);
    expect((await waitingJobs())[0]?.priority).toBe('10');
    expect(errors).toEqual([]);
  });

  it('is one job however often it is sent', async () => {
    const one = batch();
    const outcomes = await Promise.all(Array.from({ length: 5 }, async () => send(one)));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['acknowledged']));
    await expectStoredOnce(one.id);
  });

  it('is refused with a typed error when it cannot be sealed, and nothing is sent', async () => {
    const outcome = await send(
      batch(() => {
        throw new TypeError(WORDS);
      }),
    );
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'INTERNAL', message: expect.not.stringContaining(WORDS) } });
    expect(await waitingJobs()).toEqual([]);
  });
});

describe('while Redis is in trouble, a batch', () => {
  it('waits out a Redis that has stopped, and is stored once, sealed once', async () => {
    let encoded = 0;
    const one = batch(() => {
      encoded += 1;
      return Buffer.from(WORDS);
    });
    await server.kill('SIGSTOP');
    const watched = watch(send(one));
    // Longer than the time limit of a command, so that the first try is in doubt and a second follows.
    expect(await until(() => errors.length >= 1, 8000)).toBe(true);
    expect(watched.outcome).toBeUndefined();
    await server.kill('SIGCONT');
    expect(await until(() => watched.outcome?.kind === 'acknowledged')).toBe(true);
    await expectStoredOnce(one.id);
    expect(encoded).toBe(1);
  });

  it('survives a Redis that was killed and comes back', async () => {
    const first = batch();
    await send(first);
    await server.kill('SIGKILL');
    const one = batch();
    const watched = watch(send(one));
    expect(await until(() => errors.length >= 1)).toBe(true);
    await server.restart();
    expect(await until(() => watched.outcome?.kind === 'acknowledged')).toBe(true);
    expect((await waitingJobs()).map(({ id }) => id)).toEqual([first.id, one.id]);
  });

  it('has no listener of its own, which Node would warn of as a leak, and is given up with the others', async () => {
    await server.kill('SIGKILL');
    const all = Array.from({ length: 20 }, () => watch(send(batch())));
    // Each has failed and pauses, or has gone on.
    expect(await until(() => errors.length >= all.length)).toBe(true);
    expect(getEventListeners(giveUp.signal, 'abort')).toHaveLength(1);
    giveUp.abort();
    expect(await until(() => all.every(({ outcome }) => outcome?.kind === 'unknown'))).toBe(true);
  });

  it.each([
    ['is full', async () => looking.config('SET', 'maxmemory', TOO_LITTLE), 'BUSY', 'memory of Redis'],
    ['has become a replica', async () => looking.call('REPLICAOF', '127.0.0.1', '1'), 'REDIS_UNAVAILABLE', 'READONLY'],
    ['lacks replicas', async () => looking.config('SET', 'min-replicas-to-write', '3'), 'REDIS_UNAVAILABLE', 'NOREPLICAS'],
  ])('is refused at once, with a typed error, when Redis %s', async (_, spoil, code, word) => {
    await spoil();
    const startedAt = performance.now();
    const outcome = await send(batch());
    expect(performance.now() - startedAt).toBeLessThan(2500);
    expect(outcome).toMatchObject({ kind: 'refused', error: { code, message: expect.stringContaining(word) } });
    expect(outcome.kind === 'refused' && outcome.error).toBeInstanceOf(AnalyticsError);
    await looking.call('REPLICAOF', 'NO', 'ONE');
    await looking.config('SET', 'maxmemory', '0');
    await looking.config('SET', 'min-replicas-to-write', '0');
    expect(await waitingJobs()).toEqual([]);
    const one = batch();
    expect(await send(one)).toEqual({ kind: 'acknowledged' });
    await expectStoredOnce(one.id);
  });

  it('waits out a failover that ends in time, and is stored once', async () => {
    const patient = createSender(5000);
    await looking.call('REPLICAOF', '127.0.0.1', '1');
    const one = batch();
    const watched = watch(patient(one));
    expect(await until(() => errors.length >= 1)).toBe(true);
    await looking.call('REPLICAOF', 'NO', 'ONE');
    expect(await until(() => watched.outcome?.kind === 'acknowledged')).toBe(true);
    await expectStoredOnce(one.id);
  });

  it('that is in doubt already goes on through refusals until there is an answer', async () => {
    await server.kill('SIGKILL');
    const one = batch();
    const watched = watch(send(one));
    expect(await until(() => errors.length >= 1)).toBe(true);
    await server.restart();
    await looking.config('SET', 'maxmemory', TOO_LITTLE);
    // A try may have got through before the memory was short.
    if (watched.outcome === undefined) await until(() => watched.outcome !== undefined || errors.some(({ message }) => message.startsWith('OOM')));
    expect(watched.outcome?.kind).not.toBe('refused');
    await looking.config('SET', 'maxmemory', '0');
    expect(await until(() => watched.outcome?.kind === 'acknowledged')).toBe(true);
    await expectStoredOnce(one.id);
  });

  it.each(['stopped', 'gone'])('is given up as unknown at once when the service closes, Redis being %s', async (state) => {
    await server.kill(state === 'gone' ? 'SIGKILL' : 'SIGSTOP');
    const watched = [batch(), batch()].map((one) => watch(send(one)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(watched.map(({ outcome }) => outcome)).toEqual([undefined, undefined]);
    giveUp.abort();
    expect(await until(() => watched.every(({ outcome }) => outcome?.kind === 'unknown'), 500)).toBe(true);
    if (state === 'stopped') await server.kill('SIGCONT');
  });

  it('is not sent at all after the service was closed', async () => {
    giveUp.abort();
    expect(await send(batch())).toEqual({ kind: 'unknown' });
    expect(await waitingJobs()).toEqual([]);
  });
});
