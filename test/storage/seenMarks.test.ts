import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { script } from '../../src/redis/Script.js';
import { EventStore } from '../../src/storage/EventStore.js';
import { findSeenRecord, SEEN_RECORD_BYTES, seenBucket } from '../../src/storage/seenBucket.js';
import { seenMark, type SeenMark } from '../../src/storage/SeenMark.js';
import { SeenMarkReader } from '../../src/storage/SeenMarkReader.js';
import { chunkOf, START, TYPE } from '../merging/mergeFixture.js';
import { createEventFixture, type EventFixture } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { failingScript } from './failingScript.js';

let server: TestRedis;
let fixture: EventFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  fixture = await createEventFixture(server.url);
});
afterEach(async () => fixture.close());

const secrets = () => fixture.keyRing.reading!; // made from a master key
const marksOf = (ids: readonly string[], mode: SeenMark['mode'] = 'both') => ids.map((id, row) => seenMark(secrets().fingerprints, mode, 'event', id, [row]));
const write = async (chunks: readonly (readonly string[])[], through = fixture.redis) =>
  new EventStore(through, fixture.keys, secrets()).store(chunks.map((ids) => ({ ...chunkOf(START), marks: marksOf(ids) })), START);
const idsOf = (count: number, word = 'id') => Array.from({ length: count }, (_, n) => `${word} ${n}`);
const find = async (ids: readonly string[]) =>
  (await new SeenMarkReader(fixture.redis, fixture.keys, secrets().fingerprints).find(ids.map((id) => ({ type: TYPE, kind: 'event', id })))).filter((mark) => mark !== undefined);
const key = () => fixture.keys.event(TYPE).seen;

/** Every record is in the bucket where it is looked for, and once. */
async function checkBuckets(): Promise<number> {
  const { n, ...buckets } = await fixture.redis.hgetallBuffer(key());
  const count = Number(n?.toString() ?? 1);
  let records = 0;
  for (const [bucket, text] of Object.entries(buckets)) {
    expect(text.length % SEEN_RECORD_BYTES.event).toBe(0);
    for (let at = 0; at < text.length; at += SEEN_RECORD_BYTES.event) {
      const hash = text.subarray(at, at + 8);
      // One assertion for each would take seconds.
      if (seenBucket(hash, count) !== Number(bucket) || text.indexOf(hash) !== at) throw new Error(`A record is misplaced in bucket ${bucket} of ${count}.`);
      records += 1;
    }
  }
  return records;
}

describe('the marks of stored ids', () => {
  it('take at most 20 bytes each, of few ids and of 200,000, whatever Redis is told of small hashes', async () => {
    await fixture.redis.config('SET', 'hash-max-listpack-entries', '16');
    const store = new EventStore(fixture.redis, fixture.keys, secrets());
    let stored = 0;
    for (const upTo of [1000, 20_000, 200_000]) {
      while (stored < upTo) {
        // Hashes at once: making them of ids takes longer than storing them.
        const hashes = randomBytes(8 * 1000);
        const marks = Array.from({ length: 1000 }, (_, n): SeenMark => ({ kind: 'event', mode: 'both', hash: hashes.subarray(8 * n, 8 * n + 8), rows: [] }));
        await store.store([{ ...chunkOf(START), marks }], START);
        stored += 1000;
      }
      expect(Number(await fixture.redis.memory('USAGE', key(), 'SAMPLES', '0')) / stored).toBeLessThan(20);
    }
    expect(await checkBuckets()).toBe(200_000);
  }, 60_000);

  it('take little where there are few', async () => {
    await write([idsOf(5)]);
    expect(Number(await fixture.redis.memory('USAGE', key(), 'SAMPLES', '0'))).toBeLessThan(400);
  });

  it('are found while their number grows, by a reader that knew of fewer, and by the next writer', async () => {
    const reader = new SeenMarkReader(fixture.redis, fixture.keys, secrets().fingerprints);
    const known: string[] = [];
    for (const [round, count] of [1, 1, 40, 40, 3, 700, 4096, 300].entries()) {
      const ids = idsOf(count, `round ${round}`);
      expect(await write([ids])).toMatchObject([{ kind: 'stored' }]);
      known.push(...ids);
      const asked = [known[0]!, known[Math.floor(known.length / 2)]!, known.at(-1)!, 'never stored'];
      const marks = await reader.find(asked.map((id) => ({ type: TYPE, kind: 'event', id })));
      expect(marks.map((mark) => mark?.day)).toEqual([START / 86_400_000, START / 86_400_000, START / 86_400_000, undefined].map((day) => day && Math.floor(day)));
      expect(await checkBuckets()).toBe(known.length);
    }
    const [again] = await write([[...known.slice(-2000), 'new']]);
    expect(again).toMatchObject({ kind: 'seen' });
    expect(again?.kind === 'seen' && again.marks).toHaveLength(2000);
  });

  it('stay where they are, or are all found where they went, whichever command of a growing key fails', async () => {
    let failures = 0;
    for (let place = 1; ; place += 1) {
      await fixture.redis.del(key());
      await write([idsOf(31)]);
      const more = [{ ...chunkOf(START), marks: marksOf(idsOf(200, 'more')) }];
      const outcome = await new EventStore(failingScript(fixture.redis, 'storeEventChunk', place), fixture.keys, secrets()).store(more, START).then(
        () => 'done',
        () => 'failed',
      );
      expect(await find(idsOf(31))).toHaveLength(31);
      if (outcome === 'done') break;
      failures += 1;
      // The repeat knows what it left as its own.
      expect(await new EventStore(fixture.redis, fixture.keys, secrets()).store(more, START)).toMatchObject([{ kind: 'stored' }]);
      expect(await checkBuckets()).toBe(231);
    }
    expect(failures).toBeGreaterThan(20);
  });

  it('stay where they are, or are all found where they went, whichever command of joining buckets fails', async () => {
    const source = { keys: [key()], args: [1, 1000] };
    let failures = 0;
    for (let place = 1; ; place += 1) {
      await fixture.redis.del(key());
      await write([idsOf(120)]);
      const failing = script('joinSeenBuckets').run(failingScript(fixture.redis, 'joinSeenBuckets', place), source);
      const outcome = await failing.then(
        () => 'done',
        () => 'failed',
      );
      expect(await find(idsOf(120))).toHaveLength(120);
      await script('joinSeenBuckets').run(fixture.redis, source);
      expect(await find(idsOf(120))).toHaveLength(120);
      // What a join left behind is overwritten when the bucket comes again.
      await write([idsOf(120, 'more')]);
      expect(await find([...idsOf(120), ...idsOf(120, 'more')])).toHaveLength(240);
      expect(await checkBuckets()).toBe(240);
      if (outcome === 'done') break;
      failures += 1;
    }
    expect(failures).toBeGreaterThan(10);
  });
});

describe('the removal of old marks', () => {
  it('takes no other, and is finished by the next one, whichever of its commands fails', async () => {
    const day = Math.floor(START / 86_400_000);
    const step = { keys: [key()], args: [SEEN_RECORD_BYTES.event, day, 0, 100] };
    for (let place = 1; ; place += 1) {
      await fixture.redis.del(key());
      await new EventStore(fixture.redis, fixture.keys, secrets()).store([{ ...chunkOf(START), marks: marksOf(idsOf(150, 'old')) }], START - 86_400_000);
      await write([idsOf(20)]);
      const outcome = await script('removeSeenMarks').run(failingScript(fixture.redis, 'removeSeenMarks', place), step).then(
        () => 'done',
        () => 'failed',
      );
      expect(await find(idsOf(20))).toHaveLength(20);
      await script('removeSeenMarks').run(fixture.redis, step);
      expect(await find([...idsOf(20), ...idsOf(150, 'old')])).toHaveLength(20);
      expect(await checkBuckets()).toBe(20);
      if (outcome === 'done') return;
    }
  });
});

describe('findSeenRecord', () => {
  it('does not take what lies across two records for one', () => {
    const [one, other] = [randomBytes(14), randomBytes(14)];
    const records = Buffer.concat([one, other]);
    expect(findSeenRecord(records, records.subarray(3, 11), 14)).toBeUndefined();
    expect(findSeenRecord(records, other.subarray(0, 8), 14)).toEqual(other.subarray(8));
    const shifted = Buffer.concat([Buffer.from([7]), one.subarray(0, 8), randomBytes(5), one]);
    expect(findSeenRecord(shifted, one.subarray(0, 8), 14)).toEqual(one.subarray(8));
  });
});
