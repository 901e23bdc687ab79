import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { newBatchId } from '../../src/codec/batchId.js';
import { createDeadLetters } from '../../src/deadletters/createDeadLetters.js';
import { KeyError } from '../../src/errors/KeyError.js';
import { ValidationError } from '../../src/errors/ValidationError.js';
import { promoteWaiting } from '../../src/processing/promoteWaiting.js';
import { keyRingFromMaster, keyRingFromPublicKey } from '../../src/security/KeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';
import { CANARY, Letterbox, told } from './Letterbox.js';

let server: TestRedis;
let box: Letterbox;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  box = await Letterbox.open(server);
});
afterEach(async () => box.close());

const strangers = async () => keyRingFromMaster(randomBytes(32));

/** A dead letter for each thing that a batch is given up for. */
async function failAll(): Promise<Record<'spoilt' | 'stranger' | 'inconsistent' | 'samples', string>> {
  await box.redis.set(box.keys.event('error').chunks, 'of another program');
  const ids = {
    spoilt: await box.sendEvents([{}, {}, {}], { isSpoilt: true, priority: 1 }),
    stranger: await box.sendEvents([{}], { keyRing: await strangers(), attempts: 2 }),
    inconsistent: await box.sendEvents([{ type: 'error' }, { type: 'error' }], { priority: 1000 }),
    samples: await box.sendSamples(5, { isSpoilt: true }),
  };
  await box.workOff();
  return ids;
}

const counts = async () => box.queues.events.getJobCounts('failed', 'prioritized', 'wait');

describe('dead letters', () => {
  test('tell what they failed for, how much is in them and under which key, and never what', async () => {
    const ids = await failAll();
    const { deadLetters, cursor } = await box.deadLetters.list();
    const byId = new Map(deadLetters.map((letter) => [letter.id, letter]));
    expect(cursor).toBeUndefined();
    expect(byId.size).toBe(4);
    const common = { failedAt: expect.any(Number), bytes: expect.any(Number) };
    expect(byId.get(ids.spoilt)).toEqual({ ...common, id: ids.spoilt, queue: 'events', reason: 'SEAL_BROKEN', attempts: 1, starts: 1, priority: 1, events: 3, keyId: box.keyRing.publicId });
    expect(byId.get(ids.stranger)).toMatchObject({ reason: 'KEY_MISMATCH', attempts: 2, starts: 2, priority: 100, events: 1, keyId: expect.not.stringContaining(box.keyRing.publicId) });
    expect(byId.get(ids.inconsistent)).toMatchObject({ reason: 'STORE_INCONSISTENT', priority: 1000, events: 2 });
    expect(byId.get(ids.samples)).toMatchObject({ queue: 'metrics', reason: 'SEAL_BROKEN', samples: 5 });
    expect(byId.get(ids.samples)).not.toHaveProperty('events');
    expect(byId.get(ids.spoilt)!.bytes).toBeGreaterThan(300);

    const times = deadLetters.map(({ failedAt }) => failedAt);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect((await box.deadLetters.list({ reason: 'SEAL_BROKEN' })).deadLetters.map(({ id }) => id).toSorted()).toEqual([ids.spoilt, ids.samples].toSorted());
    expect((await box.deadLetters.list({ queue: 'metrics' })).deadLetters.map(({ id }) => id)).toEqual([ids.samples]);
    const { counts: byReason, ...rest } = await box.deadLetters.count();
    expect(rest).toEqual({ counted: 4, total: 4 });
    expect(byReason.map(({ queue, reason, count }) => `${queue} ${reason} ${count}`).toSorted()).toEqual([
      'events KEY_MISMATCH 1',
      'events SEAL_BROKEN 1',
      'events STORE_INCONSISTENT 1',
      'metrics SEAL_BROKEN 1',
    ]);
  });

  test('open for who holds the key, and it is logged that somebody asked, whether they open or not', async () => {
    const ids = await failAll();
    const { deadLetter, events, samples } = await box.deadLetters.inspect(ids.inconsistent, { actor: 'cli:jane' });
    expect(deadLetter.id).toBe(ids.inconsistent);
    expect(events).toEqual([0, 1].map(() => expect.objectContaining({ type: 'error', userId: people.ann, properties: told() })));
    expect(samples).toEqual([]);
    await expect(box.deadLetters.inspect(ids.spoilt, { actor: 'cli:jane' })).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    await expect(box.deadLetters.inspect(ids.stranger, { actor: 'cli:jane' })).rejects.toMatchObject({ code: 'KEY_MISMATCH' });

    // Samples that open: the worker's store was at fault, not the batch.
    const readable = await box.sendSamples(3);
    const job = await box.queues.metrics.getJob(readable);
    await box.queues.metrics.remove(readable);
    await box.plant('metrics', 1, () => ({ id: readable, failedAt: Date.now() }));
    await box.redis.hset(box.queues.metrics.toKey(readable), 'data', JSON.stringify(job!.data));
    expect((await box.deadLetters.inspect(readable, { actor: 'cli:jane' })).samples).toEqual([0, 1, 2].map((value) => ({ name: 'pulse', value, tags: { site: people.note }, timestamp: expect.any(Number) })));

    expect(box.logged).toEqual([
      ['Somebody opened a dead letter', { queue: 'events', jobId: ids.inconsistent, code: 'STORE_INCONSISTENT' }],
      ['Somebody opened a dead letter', { queue: 'events', jobId: ids.spoilt, code: 'SEAL_BROKEN' }],
      ['Somebody opened a dead letter', { queue: 'events', jobId: ids.stranger, code: 'KEY_MISMATCH' }],
      ['Somebody opened a dead letter', { queue: 'metrics', jobId: readable, code: 'INTERNAL' }],
    ]);
  });

  test('are stored when they are retried after the cause is gone', async () => {
    const ids = await failAll();
    await box.redis.del(box.keys.event('error').chunks);
    expect(await box.deadLetters.retry(ids.inconsistent)).toEqual({ done: 1, refused: [] });
    const job = await box.queues.events.getJob(ids.inconsistent);
    expect(job).toMatchObject({ attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0, priority: 1000 });
    await box.workOff();
    expect(box.results).toMatchObject([{ id: ids.inconsistent, result: { stored: 2, duplicates: 0, expired: 0 } }]);
    expect(await counts()).toMatchObject({ failed: 2 });
  });

  test('forget their stalls when they are retried: one more must not give them up again', async () => {
    const [id] = await box.plant('events', 1, () => ({ failedAt: 1, reason: 'job stalled more than allowable limit' }));
    expect((await box.deadLetters.list()).deadLetters[0]).toMatchObject({ reason: 'STALLED_TOO_OFTEN', attempts: 8, starts: 9 });
    await box.deadLetters.retry([id!]);
    expect(await box.queues.events.getJob(id!)).toMatchObject({ attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0 });
  });

  test('wait behind those of their priority and before lower ones when they are retried, whatever order they failed in', async () => {
    const order = [1000, 1, 100, 10, 1, 1000];
    await box.plant('events', order.length, (place) => ({ failedAt: 1000 + place, priority: order[place]! }));
    await box.deadLetters.retry({ all: true });
    const fresh = await box.sendEvents([{}], { priority: 100 });
    box.work({ process: async () => undefined });
    await box.until(() => box.results.length === 7);
    expect(box.results.map(({ priority }) => priority)).toEqual([1, 1, 10, 100, 100, 1000, 1000]);
    expect(box.results[4]!.id).toBe(fresh);
  });

  test('wait from when they are retried: those of long ago take nobody’s turn', async () => {
    await box.plant('events', 6, (place) => ({ failedAt: 1000 + place, priority: 1000 }));
    await box.sendEvents([{}], { priority: 1 });
    await box.deadLetters.retry({ all: true });
    const queue = box.queues.events;
    expect(await promoteWaiting({ redis: box.redis, toKey: (name) => queue.toKey(name) })).toBe(0);
    expect((await queue.getPrioritized()).map(({ priority }) => priority)).toEqual([1, 1000, 1000, 1000, 1000, 1000, 1000]);
  });

  test('are dropped with a reason, of which only that it was sealed is to be seen', async () => {
    const ids = await failAll();
    const reason = `consent of ${CANARY} was withdrawn`;
    expect(await box.deadLetters.drop([ids.spoilt, ids.samples], { reason, actor: 'cli:jane' })).toEqual({ done: 2, refused: [] });
    expect(await box.queues.events.getJob(ids.spoilt)).toBeUndefined();
    expect(await box.redis.exists(box.queues.metrics.toKey(ids.samples))).toBe(0);
    expect((await box.deadLetters.list()).deadLetters).toHaveLength(2);

    const dropped = await box.deadLetters.dropped();
    const common = { code: 'SEAL_BROKEN', failedAt: expect.any(Number), droppedAt: expect.any(Number), actor: 'cli:jane', reason };
    expect(dropped).toEqual([
      { ...common, id: ids.samples, queue: 'metrics', items: 5 },
      { ...common, id: ids.spoilt, queue: 'events', items: 3 },
    ]);
    const raw = await box.redis.xrangeBuffer(box.keys.droppedDeadLetters, '-', '+');
    const text = Buffer.concat(raw.flatMap(([, fields]) => fields)).toString('latin1');
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain('jane');
    expect(await box.redis.pttl(box.keys.droppedDeadLetters)).toBeGreaterThan(399 * 86_400_000);
    expect(box.logged.at(-1)).toEqual(['Somebody dropped dead letters', { count: 2 }]);
  });

  test('are only those that failed: nothing that waits is retried, opened or dropped', async () => {
    const waiting = await box.sendEvents([{}]);
    const { failed } = await counts();
    expect(failed).toBe(0);
    for (const decide of [
      (id: string) => box.deadLetters.retry(id),
      (id: string) => box.deadLetters.drop(id, { reason: 'no' }),
      (id: string) => box.deadLetters.inspect(id, { actor: 'me' }),
    ]) {
      for (const id of [waiting, newBatchId(1), 'failed', 'x:y', '0', '\u0000']) await expect(decide(id)).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
    }
    expect(await box.deadLetters.retry([waiting, waiting])).toMatchObject({ done: 0, refused: [{ id: waiting, error: { code: 'DEAD_LETTER_UNKNOWN' } }] });
    expect(await counts()).toMatchObject({ prioritized: 1 });
    expect(await box.redis.xlen(box.keys.droppedDeadLetters)).toBe(0);
  });

  test('that two people decide on at once are decided on once', async () => {
    const ids = await box.plant('events', 40, (place) => ({ failedAt: 1000 + place }));
    const [retried, dropped, again] = await Promise.all([box.deadLetters.retry(ids), box.deadLetters.drop(ids, { reason: 'test' }), box.deadLetters.retry(ids)]);
    expect(retried.done + dropped.done + again.done).toBe(40);
    const { failed, prioritized } = await counts();
    expect([failed, prioritized]).toEqual([0, retried.done + again.done]);
    expect(await box.redis.xlen(box.keys.droppedDeadLetters)).toBe(dropped.done);
    for (const job of await box.queues.events.getJobs(['prioritized'])) expect(job.opts.attempts).toBe(8);
  });

  test('of which nothing but the name is left can be dropped, and are not retried', async () => {
    await box.redis.zadd(box.queues.events.toKey('failed'), 5, 'gone');
    expect((await box.deadLetters.list()).deadLetters).toEqual([{ id: 'gone', queue: 'events', failedAt: 5, reason: 'JOB_MISSING', attempts: 0, starts: 0, priority: 0, bytes: 0 }]);
    await expect(box.deadLetters.retry('gone')).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
    expect(await box.deadLetters.drop({ all: true, reason: 'JOB_MISSING' }, { reason: 'empty' })).toEqual({ done: 1, refused: [] });
    expect(await box.deadLetters.count()).toEqual({ counts: [], counted: 0, total: 0 });
  });

  test('that somebody else put there say nothing of themselves', async () => {
    await box.plant('events', 1, () => ({ failedAt: 7, reason: `${CANARY} failed`, id: 'foreign' }));
    await box.redis.hset(box.queues.events.toKey('foreign'), { data: JSON.stringify({ to: CANARY, n: CANARY, c: CANARY }), atm: CANARY, ats: '1e400', priority: 'NaN' });
    expect((await box.deadLetters.list()).deadLetters).toEqual([{ id: 'foreign', queue: 'events', failedAt: 7, reason: 'FAILED', attempts: 0, starts: 0, priority: 0, bytes: expect.any(Number) }]);
    await expect(box.deadLetters.inspect('foreign', { actor: 'me' })).rejects.toMatchObject({ code: 'STORE_INCONSISTENT' });
  });
});

describe('what is given for them', () => {
  test('is refused with the field’s name when it is something else', async () => {
    const { deadLetters } = box;
    const cases: [unknown, string][] = [
      [() => deadLetters.list({ limit: 0 }), 'limit'],
      [() => deadLetters.list({ limit: 1001 }), 'limit'],
      [() => deadLetters.list({ queue: 'other' as 'events' }), 'queue'],
      [() => deadLetters.list({ reason: CANARY as 'INTERNAL' }), 'reason'],
      [() => deadLetters.list({ cursor: CANARY }), 'cursor'],
      [() => deadLetters.list({ cursor: Buffer.from('[null,"events","x"]').toString('base64url') }), 'cursor'],
      [() => deadLetters.list({ sort: 'asc' } as object), 'sort'],
      [() => deadLetters.list(null as unknown as object), 'options'],
      [() => deadLetters.retry([]), 'ids'],
      [() => deadLetters.retry(''), 'ids'],
      [() => deadLetters.retry(Array.from({ length: 1001 }, () => 'x')), 'ids'],
      [() => deadLetters.retry([7] as unknown as string[]), 'ids'],
      [() => deadLetters.retry({ all: false } as unknown as string), 'all'],
      [() => deadLetters.retry({ queue: 'events' } as unknown as string), 'all'],
      [() => deadLetters.retry(undefined as unknown as string), 'options'],
      [() => deadLetters.retry('x', { actor: `${CANARY} Doe` }), 'actor'],
      [() => deadLetters.inspect('x', {} as { actor: string }), 'actor'],
      [() => deadLetters.inspect(5 as unknown as string, { actor: 'me' }), 'id'],
      [() => deadLetters.drop('x', { reason: '' }), 'reason'],
      [() => deadLetters.drop('x', { reason: '   ' }), 'reason'],
      [() => deadLetters.drop('x', { reason: 'a'.repeat(501) }), 'reason'],
      [() => deadLetters.drop('x', undefined as unknown as { reason: string }), 'options'],
      [() => deadLetters.dropped({ limit: 0.5 }), 'limit'],
    ];
    for (const [call, path] of cases) {
      const error = await (call as () => Promise<unknown>)().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ValidationError);
      expect((error as ValidationError).issues.map((issue) => issue.path.split('[')[0])).toContain(path);
      expect((error as Error).message).not.toContain(CANARY);
    }
  });

  test('with the public key alone is enough to list and retry, not to open or drop', async () => {
    const [id] = await box.plant('events', 2, (place) => ({ failedAt: place + 1 }));
    const { redis, keys, queues, keyRing } = box;
    const producer = createDeadLetters({ redis, keys, queues, keyRing: keyRingFromPublicKey(Buffer.from(keyRing.publicKey, 'base64')), logger: { info: () => undefined } });
    expect((await producer.list()).deadLetters).toHaveLength(2);
    await expect(producer.drop(id!, { reason: 'no' })).rejects.toBeInstanceOf(KeyError);
    await expect(producer.dropped()).rejects.toBeInstanceOf(KeyError);
    expect(await producer.retry(id!)).toEqual({ done: 1, refused: [] });
    expect(await counts()).toMatchObject({ failed: 1, prioritized: 1 });
  });
});
