import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { openEventBatch } from '../../src/ingestion/openEventBatch.js';
import { encodeRecord } from '../../src/producer/spool/SpoolRecord.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { checkMerged } from '../merging/checkMerged.js';
import { LATER, START, TYPE } from '../merging/mergeFixture.js';
import type { GivenEvent, Job } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { openPractice, type Practice } from './Practice.js';
import { people } from '../support/witness/people.js';
import { witness } from '../support/witness/witness.js';

let server: TestRedis;
let spoolDir: string;
let practice: Practice;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  spoolDir = await mkdtemp(join(tmpdir(), 'subjects-'));
  practice = await openPractice(server.url, spoolDir);
});
afterEach(async () => {
  await practice.close();
  witness.removeFolder(spoolDir);
});

/** Batches in a spool that was left. */
async function spool(...jobs: readonly Job[]): Promise<void> {
  const folder = join(spoolDir, 'left');
  await mkdir(folder, { recursive: true });
  const records = jobs.map(({ id, payload }) => encodeRecord({ v: 1, at: Date.now(), queue: 'events', id, priority: 100, payload }));
  await writeFile(join(folder, '000000000001.segment'), Buffer.concat(records));
}

const event = (userId: string, id: string, ms = 0): GivenEvent => ({ id, userId, timestamp: START + ms, properties: { of: userId } });
const both = (name: string): Job => practice.store.batch([event(people.ann, `ann-${name}`), event(people.bob, `bob-${name}`, 1)]);
const only = (name: string): Job => practice.store.batch([event(people.ann, `ann-${name}`)]);

/** Ann and Bob in every place. */
async function fill(): Promise<Job[]> {
  const { store } = practice;
  const jobs = ['stored', 'merged', 'late', 'waiting', 'dead', 'spooled'].map(both);
  const [stored, merged, late, waiting, dead, spooled] = jobs as [Job, Job, Job, Job, Job, Job];
  await store.run(merged);
  await store.run(late);
  await store.merge();
  await store.run(stored);
  await practice.enqueue(waiting);
  await practice.enqueue(dead);
  await practice.giveUp(dead);
  const [alone, aloneDead, aloneSpooled] = ['alone', 'alone-dead', 'alone-spooled'].map(only) as [Job, Job, Job];
  await practice.enqueue(alone);
  await practice.enqueue(aloneDead);
  await practice.giveUp(aloneDead);
  await spool(spooled, aloneSpooled);
  return [...jobs, alone, aloneDead, aloneSpooled];
}

const idsOf = async (userId: string): Promise<string[]> => (await practice.exported(userId)).flatMap((line) => (line.record === 'event' ? [line.event.id] : [])).sort();
const NAMES = ['dead', 'late', 'merged', 'spooled', 'stored', 'waiting'];

describe('an export', () => {
  it('has everything that there is of one person, from every place, once, and nothing of others', async () => {
    await fill();
    const lines = await practice.exported(people.ann);
    expect(lines[0]).toMatchObject({ record: 'subject', format: 1, userId: people.ann });
    expect(lines.at(-1)).toEqual({ record: 'end', events: 9, samples: 0, unreadable: 0 });
    const places = new Map(lines.flatMap((line) => (line.record === 'event' ? [[line.event.id, line.from] as const] : [])));
    expect(Object.fromEntries(places)).toEqual({
      'ann-stored': 'store',
      'ann-merged': 'store',
      'ann-late': 'store',
      'ann-waiting': 'queue',
      'ann-alone': 'queue',
      'ann-dead': 'deadLetters',
      'ann-alone-dead': 'deadLetters',
      'ann-spooled': 'spool',
      'ann-alone-spooled': 'spool',
    });
    for (const line of lines) if (line.record === 'event') expect(line.event).toMatchObject({ type: TYPE, userId: people.ann, properties: { of: people.ann }, timestamp: START });
    expect(practice.recorded).toEqual([
      { operation: 'subjects.export', userId: people.ann },
      { operation: 'subjects.export', userId: people.ann, reason: 'end', count: 9 },
    ]);
  });

  it('equals what was sent of that person, whatever was sent, merged and left waiting', async () => {
    const user = fc.constantFrom(people.ann, people.bob, undefined, 'Ann', 'ann ');
    const sent = fc.array(fc.record({ userId: user, ms: fc.integer({ min: 0, max: 3 * HOUR_MS }), type: fc.constantFrom('page_view', 'error'), place: fc.constantFrom('store', 'queue', 'dead') }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(sent, fc.boolean(), async (events, isMerged) => {
        const own = await openPractice(server.url);
        try {
          for (const place of ['store', 'queue', 'dead'] as const) {
            const some = events.map((one, number) => ({ ...one, number })).filter((one) => one.place === place);
            if (some.length === 0) continue;
            const job = own.store.batch(some.map(({ userId, ms, type, number }) => ({ id: `e${number}`, type, timestamp: START + ms, properties: { number }, ...(userId !== undefined && { userId }) })));
            if (place === 'store') await own.store.run(job);
            else await own.enqueue(job);
            if (place === 'dead') await own.giveUp(job);
          }
          if (isMerged) await own.store.merge(LATER + 3 * HOUR_MS);
          const found = (await own.exported(people.ann)).flatMap((line) => (line.record === 'event' ? [line.event] : []));
          const oracle = events.flatMap(({ userId, ms, type }, number) => (userId === people.ann ? [{ id: `e${number}`, type, priority: 'normal', userId, timestamp: START + ms, properties: { number } }] : []));
          const byId = (one: { id: string }, other: { id: string }): number => one.id.localeCompare(other.id);
          expect(found.sort(byId)).toEqual(oracle.sort(byId));
        } finally {
          await own.close();
        }
      }),
      { numRuns: 12 },
    );
  }, 120_000);

  it('says how much of what it read does not open', async () => {
    const job = both('spoilt');
    await practice.enqueue({ ...job, payload: { ...job.payload, c: 'AAAA' } });
    await practice.store.run(both('stored'));
    const [entry] = await practice.store.redis.hkeysBuffer(practice.store.keys.event(TYPE).dataKeys);
    await practice.store.redis.hset(practice.store.keys.event(TYPE).dataKeys, entry!, Buffer.alloc(44));
    expect((await practice.exported(people.ann)).at(-1)).toEqual({ record: 'end', events: 0, samples: 0, unreadable: 2 });
  });
});

describe('an erasure', () => {
  it('takes a person out of every place, leaves everybody else in theirs, and proves it with a receipt', async () => {
    const jobs = await fill();
    const plan = await practice.subjects.erase(people.ann, { mode: 'delete', dryRun: true });
    expect(plan).toMatchObject({ events: 3, chunks: 2, queued: 2, deadLetters: 2, spooled: 2, feedEntries: 3, unreadable: 0 });
    expect(await idsOf(people.ann)).toHaveLength(9);

    const receipt = await practice.subjects.erase(people.ann, { mode: 'delete', plan: plan.token });
    expect(receipt.content).toMatchObject({ mode: 'delete', done: { events: 3, queued: 2, deadLetters: 2, spooled: 2, feedEntries: 3, unreadable: 0 } });
    expect(new Set(Object.values(receipt.content.left))).toEqual(new Set([0]));
    expect(JSON.stringify(receipt)).not.toContain(people.ann);
    expect(await idsOf(people.ann)).toEqual([]);
    expect(await idsOf(people.bob)).toEqual(NAMES.map((name) => `bob-${name}`));
    await checkMerged(practice.store);

    // What waits is stored as it would have been; what is tried again brings nothing back.
    for (const { id } of jobs) {
      const data = await practice.store.redis.hget(practice.queue.toKey(id), 'data');
      if (data !== null) await practice.store.run({ id, payload: JSON.parse(data) as Job['payload'] });
    }
    for (const job of jobs) await practice.store.run(job);
    for (const name of NAMES) expect(await practice.store.run(practice.store.batch([event(people.ann, `ann-${name}`)]))).toMatchObject({ stored: 0, duplicates: 1 });
    expect((await practice.store.all()).map(({ event: { id } }) => id).sort()).toEqual(NAMES.map((name) => `bob-${name}`).sort());

    const [segment] = await readdir(join(spoolDir, 'left'));
    expect((await readFile(join(spoolDir, 'left', segment!))).length).toBeGreaterThan(0);
    expect((await practice.exported(people.ann)).filter(({ record }) => record === 'erasure')).toEqual([{ record: 'erasure', receipt }]);
  });

  it('seals what is left of a batch anew, so that its old bytes and the new ones tell nothing of each other', async () => {
    const job = both('waiting');
    await practice.enqueue(job);
    await practice.subjects.erase(people.ann, { mode: 'delete' });
    const data = JSON.parse((await practice.store.redis.hget(practice.queue.toKey(job.id), 'data'))!) as Job['payload'];
    expect(data.n).toBe(1);
    expect(data.key).not.toBe(job.payload.key);
    const [part] = await openEventBatch(job.id, data, practice.store.keyRing);
    expect(part!.rows.users).toEqual([people.bob]);
  });

  it('tells by its receipt when anything of it was changed', async () => {
    await practice.store.run(both('stored'));
    const receipt = await practice.subjects.erase(people.ann, { mode: 'delete' });
    expect(await practice.subjects.isGenuine(receipt)).toBe(true);
    expect(await practice.subjects.receipt(receipt.content.id)).toEqual(receipt);
    expect(await practice.subjects.receipts()).toEqual([receipt]);
    const { content } = receipt;
    for (const changed of [{ ...content, subject: '00' }, { ...content, erasedAt: content.erasedAt + 1 }, { ...content, done: { ...content.done, events: 2 } }, { ...content, mode: 'anonymise' }]) {
      expect(await practice.subjects.isGenuine({ ...receipt, content: changed })).toBe(false);
      await practice.store.redis.hset(practice.store.keys.receipts, content.id, JSON.stringify({ ...receipt, content: changed }));
      await expect(practice.subjects.receipt(content.id)).rejects.toMatchObject({ code: 'STORE_INCONSISTENT' });
    }
    for (const strange of [undefined, null, 1, {}, { content }, { content, signature: 1 }, { content, signature: '' }]) expect(await practice.subjects.isGenuine(strange)).toBe(false);
    await expect(practice.subjects.receipt('none')).rejects.toMatchObject({ code: 'RECEIPT_UNKNOWN' });
  });

  it('refuses a plan when there is something else by now, and says what', async () => {
    await practice.store.run(both('stored'));
    await practice.enqueue(only('waiting'));
    const { token } = await practice.subjects.erase(people.ann, { mode: 'delete', dryRun: true });
    await expect(practice.subjects.erase(people.ann, { mode: 'anonymise', plan: token })).rejects.toMatchObject({ code: 'PLAN_OUTDATED' });
    await expect(practice.subjects.erase(people.bob, { mode: 'delete', plan: token })).rejects.toMatchObject({ code: 'PLAN_OUTDATED' });
    await expect(practice.subjects.erase(people.ann, { mode: 'delete', plan: `${token.slice(0, -4)}AAAA` })).rejects.toMatchObject({ code: 'PLAN_OUTDATED' });
    await practice.store.run(practice.store.batch([event(people.ann, 'ann-new')]));
    await expect(practice.subjects.erase(people.ann, { mode: 'delete', plan: token })).rejects.toThrow('events: 1 before, 2 now');
    expect(await idsOf(people.ann)).toHaveLength(3);
    expect(Buffer.from(token, 'base64url').toString()).not.toContain(people.ann);
  });

  it('is refused while a hold lasts, which is sealed, listed and ends', async () => {
    await practice.store.run(both('stored'));
    await practice.subjects.hold(people.ann, { reason: 'case 17' });
    await expect(practice.subjects.erase(people.ann, { mode: 'delete' })).rejects.toMatchObject({ code: 'LEGAL_HOLD', until: undefined });
    expect(await practice.subjects.holds()).toEqual([expect.objectContaining({ userId: people.ann, reason: 'case 17', by: 'test' })]);
    const kept = await practice.store.redis.hgetallBuffer(practice.store.keys.holds);
    for (const text of [people.ann, 'case 17']) expect(Buffer.concat(Object.values(kept)).includes(text)).toBe(false);
    await practice.subjects.hold(people.ann, { reason: 'case 17', until: Date.now() + 3_600_000 });
    await expect(practice.subjects.erase(people.ann, { mode: 'delete' })).rejects.toMatchObject({ code: 'LEGAL_HOLD', until: expect.any(Number) });
    expect(await idsOf(people.ann)).toEqual(['ann-stored']);
    await practice.subjects.hold(people.ann, { reason: 'case 17', until: Date.now() - 1 });
    expect((await practice.subjects.erase(people.ann, { mode: 'delete' })).content.done.events).toBe(1);
    expect(await practice.subjects.release(people.ann, { reason: 'closed' })).toBe(true);
    expect(await practice.subjects.release(people.ann, { reason: 'closed' })).toBe(false);
    expect(await practice.subjects.holds()).toEqual([]);
  });

  it('refuses what is no user, no mode and no reason, and changes nothing', async () => {
    await practice.store.run(both('stored'));
    for (const userId of ['', 'x'.repeat(257), '\ud800', 7, null, undefined, {}, [people.ann]]) {
      await expect(practice.subjects.erase(userId as string, { mode: 'delete' })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
      await expect(practice.subjects.export(userId as string).next()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    }
    for (const options of [undefined, null, {}, { mode: 'remove' }, { mode: 'delete', force: true }, { mode: 'delete', dryRun: 'yes' }]) {
      await expect(practice.subjects.erase(people.ann, options as { mode: 'delete' })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    }
    for (const options of [{}, { reason: ' ' }, { reason: 'x', until: -1 }, { reason: 'x', until: 'soon' }]) {
      await expect(practice.subjects.hold(people.ann, options as { reason: string })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    }
    expect(practice.recorded).toEqual([]);
    expect(await idsOf(people.ann)).toEqual(['ann-stored']);
    expect(await practice.store.redis.exists(practice.store.keys.erased)).toBe(0);
  });
});

describe('anonymising', () => {
  it('leaves every count as it was, and nothing that says whose the events were', async () => {
    const { store } = practice;
    const job = store.batch([
      { id: 'ann-1', userId: people.ann, sessionId: 'visit', timestamp: START, properties: { page: '/home', note: 'Ann was here', secretly: 7 }, metadata: { browser: 'Firefox' } },
      { id: 'ann-2', userId: people.ann, sessionId: 'visit', timestamp: START + 1, properties: { page: '/ann' } },
      { id: 'bob-1', userId: people.bob, sessionId: 'other', timestamp: START + 2, properties: { page: '/home' } },
    ]);
    await store.run(job);
    const before = await store.events.hourCounts(TYPE);
    const users = await store.redis.pfcount(store.keys.event(TYPE).users(Math.floor(START / (24 * HOUR_MS))));
    const receipt = await practice.subjects.erase(people.ann, { mode: 'anonymise' });
    expect(receipt.content).toMatchObject({ mode: 'anonymise', done: { events: 2 }, left: { events: 0 } });

    const events = (await store.all()).map((one) => one.event);
    expect(events).toHaveLength(3);
    expect(await store.events.hourCounts(TYPE)).toEqual(before);
    expect(await store.redis.pfcount(store.keys.event(TYPE).users(Math.floor(START / (24 * HOUR_MS))))).toBe(users);
    const [first, second, bob] = events as [(typeof events)[0], (typeof events)[0], (typeof events)[0]];
    expect(bob).toMatchObject({ id: 'bob-1', userId: people.bob, sessionId: 'other', properties: { page: '/home' } });
    expect(first.userId).toMatch(/^anonymous-[0-9a-f]{24}$/);
    expect(second.userId).toBe(first.userId);
    expect(second.sessionId).toBe(first.sessionId);
    expect(first.sessionId).not.toBe(first.userId);
    expect(JSON.stringify([first, second])).not.toMatch(/ann-|"ann"|visit|Ann was here|secretly/);
    expect([first.timestamp, second.timestamp]).toEqual([START, START + 1]);
    // Another person's surrogates are others, and those of a second erasure too.
    await store.run(store.batch([{ userId: people.ann, timestamp: START + 3 }], 'normal', Date.now() + 1000));
    expect(await store.run(job)).toMatchObject({ stored: 0 });
    await checkMerged(store);
  });
});
