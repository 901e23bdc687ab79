import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { HOUR_MS } from '../../src/codec/hours.js';
import type { Metric } from '../../src/contract/metric.js';
import { createIngestion, type Ingestion } from '../../src/ingestion/createIngestion.js';
import { encodeRecord } from '../../src/producer/spool/SpoolRecord.js';
import { Breath } from '../../src/storage/Breath.js';
import { BlockLoader } from '../../src/storage/metrics/BlockLoader.js';
import { CACHE_LEASE_MS } from '../../src/storage/PurgeMark.js';
import { readHour } from '../../src/storage/readHour.js';
import { createSubjects } from '../../src/subjects/createSubjects.js';
import { taggedUsers } from '../../src/storage/taggedUsers.js';
import { TierStore } from '../../src/storage/metrics/TierStore.js';
import { LATER, START } from '../merging/mergeFixture.js';
import type { Job } from '../queries/eventFixture.js';
import { createMetricFixture } from '../queries/metrics/metricFixture.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { openPractice, type Practice } from './Practice.js';
import { people } from '../support/witness/people.js';

type Metrics = Awaited<ReturnType<typeof createMetricFixture>>;

let server: TestRedis;
let spoolDir: string;
let practice: Practice;
let metrics: Metrics;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  spoolDir = await mkdtemp(join(tmpdir(), 'subjects-'));
  practice = await openPractice(server.url, spoolDir);
  metrics = await beside(practice);
});
afterEach(async () => {
  metrics.redis.disconnect();
  await practice.close();
  await rm(spoolDir, { recursive: true, force: true });
});

const beside = async ({ store }: Practice): Promise<Metrics> => createMetricFixture(server.url, { keyRing: store.keyRing, prefix: store.keys.prefix });

const NAME = 'heart_rate';
/** Of one person, with a tag that is nobody's. */
const sample = (userId: string, value: number, ms = 0, name = NAME): Metric => ({ name, value, tags: { userId, ward: 'a' }, timestamp: START + ms });
const both = (value: number, ms = 0): Job => metrics.batch([sample(people.ann, value, ms), sample(people.bob, value, ms + 1), { name: NAME, value, tags: { ward: 'a' }, timestamp: START + ms }]);

/** A worker's ingestion, which keeps what it knows of erasures. */
function worker({ store: { redis, keys, keyRing } }: Practice): Ingestion {
  return createIngestion({ redis, keys, keyRing, retentionDays: () => Infinity, metricRetentionDays: Infinity, seriesLimit: 100 });
}

/** Ann and Bob in every place; two of each in the store, one small and one merged. */
async function fill(): Promise<Job[]> {
  const jobs = [1, 2, 3, 4, 5].map((value) => both(value, value * 1000));
  const [merged, stored, waiting, dead, spooled] = jobs as [Job, Job, Job, Job, Job];
  await metrics.run(merged);
  await practice.store.merge(LATER);
  await metrics.run(stored);
  for (const job of [waiting, dead]) await practice.enqueue(job, practice.metrics);
  await practice.giveUp(dead, practice.metrics);
  const alone = metrics.batch([sample(people.ann, 6)]);
  await practice.enqueue(alone, practice.metrics);
  await mkdir(join(spoolDir, 'left'), { recursive: true });
  await writeFile(join(spoolDir, 'left', '000000000001.segment'), encodeRecord({ v: 1, at: Date.now(), queue: 'metrics', id: spooled.id, priority: 100, payload: spooled.payload }));
  return [...jobs, alone];
}

const samplesOf = async (userId: string, of = practice): Promise<Metric[]> => (await of.exported(userId)).flatMap((line) => (line.record === 'sample' ? [line.sample] : []));
const byValue = (one: number, other: number): number => one - other;
const byPlace = (one: Metric, other: Metric): number => one.timestamp - other.timestamp || one.value - other.value || (JSON.stringify(one.tags) < JSON.stringify(other.tags) ? -1 : 1);

/** How many hours of the metric are rolled up by minutes. */
async function rollups(): Promise<number> {
  const tiers = new TierStore({ redis: metrics.redis, keys: metrics.keys, secrets: metrics.secrets, cacheBytes: 0 });
  return (await tiers.stored(NAME, 'minute')).size;
}

describe('samples whose tag names a person', () => {
  it('are exported from every place, once, with what rollups keep of them', async () => {
    await fill();
    const lines = await practice.exported(people.ann);
    expect(lines.at(-1)).toEqual({ record: 'end', events: 0, samples: 6, unreadable: 0 });
    const found = lines.flatMap((line) => (line.record === 'sample' ? [[line.from, line.sample.value] as const] : []));
    expect(found.sort(([, one], [, other]) => one - other)).toEqual([['store', 1], ['store', 2], ['queue', 3], ['deadLetters', 4], ['spool', 5], ['queue', 6]]);
    const kept = lines.flatMap((line) => (line.record === 'rollup' ? [line.rollup] : []));
    expect(kept.map(({ width, count, sum, min, max }) => ({ width, count, sum, min, max }))).toEqual([60_000, HOUR_MS, 24 * HOUR_MS].map((width) => ({ width, count: 1, sum: 1, min: 1, max: 1 })));
    for (const { tags } of await samplesOf(people.ann)) expect(tags).toEqual({ userId: people.ann, ward: 'a' });
  });

  it('are counted by a dry run, erased in every place, and stated in the receipt; nobody else loses one, and none comes back', async () => {
    const jobs = await fill();
    const known = worker(practice);
    await known.metrics(jobs[1]!.id, jobs[1]!.payload);
    const plan = await practice.subjects.erase(people.ann, { mode: 'delete', dryRun: true });
    expect(plan).toMatchObject({ events: 0, samples: 2, series: 1, rollups: 3, queued: 2, deadLetters: 1, spooled: 1, unreadable: 0 });

    const { content } = await practice.subjects.erase(people.ann, { mode: 'delete', plan: plan.token });
    expect(content.done).toMatchObject({ samples: 2, series: 1, rollups: 3, queued: 2, deadLetters: 1, spooled: 1 });
    expect(content.left).toMatchObject({ samples: 0, rollups: 0, queued: 0, deadLetters: 0, spooled: 0 });
    expect(await practice.exported(people.ann)).toMatchObject([{ record: 'subject' }, { record: 'erasure' }, { record: 'end', events: 0, samples: 0 }]);
    expect((await samplesOf(people.bob)).map(({ value }) => value).sort(byValue)).toEqual([1, 2, 3, 4, 5]);
    metrics.forget();
    const stored = await metrics.get({ name: NAME, limit: 100 });
    expect(stored.map(({ tags, value }) => [tags['userId'], value])).toEqual([[undefined, 1], [people.bob, 1], [undefined, 2], [people.bob, 2]]);
    expect(await metrics.queries.listTagValues({ name: NAME, key: 'userId' })).toEqual([people.bob]);
    expect(await rollups()).toBe(1);

    // Whoever comes late: a worker that knew of no erasure, one that does, a batch that was taken before, and one from a spool.
    for (const job of jobs) {
      await known.metrics(job.id, job.payload);
      await worker(practice).metrics(job.id, job.payload);
    }
    await practice.store.merge(LATER + HOUR_MS);
    expect(await samplesOf(people.ann)).toEqual([]);
    metrics.forget();
    expect((await metrics.get({ name: NAME, limit: 100 })).filter(({ tags }) => tags['userId'] === people.bob).map(({ value }) => value)).toEqual([1, 2, 3, 4, 5]);
    const aggregate = await metrics.aggregate({ name: NAME, aggregations: ['count', 'sum'], interval: '1h' });
    expect(JSON.stringify(aggregate)).toContain('"count":10');
  });

  it('do not come back in a metric that held nothing else, after the clean-up removed it', async () => {
    const job = metrics.batch([sample(people.ann, 1, 0, 'only_hers')]);
    await metrics.run(job);
    const known = worker(practice);
    expect(await known.metrics(job.id, job.payload)).toMatchObject({ stored: 0, duplicates: 1 });
    const late = metrics.batch([sample(people.ann, 2, 0, 'only_hers')]);
    await practice.subjects.erase(people.ann, { mode: 'delete' });
    const { chunks, time, counts, tags, absorbed, retired } = practice.store.keys.metric('only_hers');
    expect(await practice.store.redis.exists(chunks, time, tags)).toBe(0);
    // What the clean-up does with a metric of which nothing is left: the fence goes with it.
    await practice.store.redis.del(counts, absorbed, retired);
    expect(await known.metrics(late.id, late.payload)).toEqual({ stored: 0, duplicates: 0, overflow: 0, expired: 0, erased: 1 });
    expect(await known.metrics(job.id, job.payload)).toMatchObject({ stored: 0, erased: 1 });
    expect(await samplesOf(people.ann)).toEqual([]);
  });

  it('that are tracked afterwards are kept', async () => {
    await metrics.run(both(1));
    const known = worker(practice);
    await practice.subjects.erase(people.ann, { mode: 'delete' });
    await sleep(2);
    const fresh = metrics.batch([sample(people.ann, 7, 5)]);
    expect(await known.metrics(fresh.id, fresh.payload)).toMatchObject({ stored: 1 });
    expect((await samplesOf(people.ann)).map(({ value }) => value)).toEqual([7]);
  });

  it('keep their values and lose their person when they are anonymised', async () => {
    await fill();
    await metrics.run(metrics.batch([{ name: NAME, value: 9, tags: { user_id: people.ann, session: 's-1', ward: 'b' }, timestamp: START + 50 }]));
    const { content } = await practice.subjects.erase(people.ann, { mode: 'anonymise' });
    expect(content.done).toMatchObject({ samples: 3, series: 2 });
    expect(await samplesOf(people.ann)).toEqual([]);
    metrics.forget();
    const stored = await metrics.get({ name: NAME, limit: 100 });
    expect(stored.map(({ value }) => value).sort(byValue)).toEqual([1, 1, 1, 2, 2, 2, 9]);
    const hers = stored.filter(({ tags }) => [tags['userId'], tags['user_id']].some((user) => user?.startsWith('anonymous-')));
    expect(hers.map(({ value }) => value).sort(byValue)).toEqual([1, 2, 9]);
    expect(hers.find(({ value }) => value === 9)?.tags).toEqual({ user_id: expect.stringMatching(/^anonymous-/), session: expect.stringMatching(/^anonymous-/), ward: 'b' });
    expect(JSON.stringify(stored)).not.toContain(people.ann);
    await practice.store.merge(LATER + HOUR_MS);
    metrics.forget();
    expect(JSON.stringify(await metrics.aggregate({ name: NAME, aggregations: ['count'], interval: '1h' }))).toContain('"count":7');
  });

  it('are taken beside writers, merges and roll-ups, and nobody else’s are lost or told twice', async () => {
    const ingest = worker(practice);
    let isOver = false;
    const sent: Job[] = [];
    const write = async (): Promise<void> => {
      for (let number = 0; !isOver; number += 1) {
        const job = both(number, number * 10);
        sent.push(job);
        await ingest.metrics(job.id, job.payload);
        if (number % 5 === 0) await ingest.metrics(sent[number >> 1]!.id, sent[number >> 1]!.payload);
        await sleep(5);
      }
    };
    const merge = async (): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        await practice.store.merge(LATER + round * 200_000);
        await sleep(20);
      }
    };
    const beside = Promise.all([write(), merge()]);
    try {
      expect(await until(async () => Promise.resolve(sent.length > 20), 60_000)).toBe(true);
      expect((await practice.subjects.erase(people.ann, { mode: 'delete' })).content.left).toMatchObject({ samples: 0, rollups: 0 });
    } finally {
      isOver = true;
      await beside;
    }
    // What is hers by now was tracked after the erasure. The next one finds it all, and nothing else.
    await practice.subjects.erase(people.ann, { mode: 'delete' });
    for (const job of sent) await ingest.metrics(job.id, job.payload);
    await practice.store.merge(LATER + 24 * HOUR_MS);
    expect((await practice.exported(people.ann)).map(({ record }) => record)).toEqual(['subject', 'erasure', 'erasure', 'end']);
    metrics.forget();
    const bobs = (await metrics.get({ name: NAME, limit: 10_000, tags: { userId: people.bob } })).map(({ value }) => value);
    expect(bobs).toEqual(sent.map((_, number) => number));
    expect(JSON.stringify(await metrics.aggregate({ name: NAME, aggregations: ['count'], interval: '1h', tags: { userId: people.bob } }))).toContain(`"count":${sent.length}`);
  }, 120_000);

  it('are not given out from memory after the receipt, to whom holds an index from before either', async () => {
    await metrics.run(both(1));
    await practice.store.merge(LATER);
    const { redis, keys, secrets } = metrics;
    const loader = new BlockLoader({ redis, keys, secrets });
    const entries = await readHour(redis, keys.metric(NAME), START / HOUR_MS);
    const load = async (): Promise<number> => [...(await loader.load(NAME, entries, undefined, new Breath())).values()].flat().length;
    expect([await load(), await load(), loader.counts.found]).toEqual([3, 3, 1]);
    const patient = createSubjects({
      context: { ...practice.context, purgedAfterMs: CACHE_LEASE_MS },
      by: { subject: 'test', via: 'test' },
      gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
      wakeWorker: async () => Promise.resolve(),
    });
    await patient.erase(people.ann, { mode: 'delete' });
    expect(await load()).toBe(0);
  });

  it('leave an oracle’s rest, whatever was sent, merged and erased', async () => {
    const tags = fc.constantFrom({ userId: people.ann }, { user_id: people.ann, ward: 'x' }, { userId: people.bob }, { ward: people.ann }, {}, { userId: 'Ann' });
    const sent = fc.array(fc.record({ tags, value: fc.integer({ min: -5, max: 5 }), ms: fc.integer({ min: 0, max: 2 * HOUR_MS }), place: fc.constantFrom('merged', 'store', 'queue') }), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(sent, async (samples) => {
        const own = await openPractice(server.url);
        const of = await beside(own);
        try {
          const all = samples.map(({ tags: given, value, ms, place }) => ({ place, sample: { name: 'm', value, tags: given as Record<string, string>, timestamp: START + ms } }));
          for (const place of ['merged', 'store', 'queue'] as const) {
            const some = all.filter((one) => one.place === place);
            if (some.length === 0) continue;
            const job = of.batch(some.map((one) => one.sample));
            if (place === 'queue') await own.enqueue(job, own.metrics);
            else await of.run(job);
            if (place === 'merged') await own.store.merge(LATER + 2 * HOUR_MS);
          }
          const hers = all.filter(({ sample: { tags: given } }) => taggedUsers(given).includes(people.ann)).map((one) => one.sample);
          expect((await samplesOf(people.ann, own)).sort(byPlace)).toEqual(hers.sort(byPlace));
          await own.subjects.erase(people.ann, { mode: 'delete' });
          expect(await samplesOf(people.ann, own)).toEqual([]);
          const rest = all.filter(({ place, sample: { tags: given } }) => place !== 'queue' && !taggedUsers(given).includes(people.ann)).map((one) => one.sample);
          const found = await of.get({ name: 'm', limit: 1000 });
          expect([...found].sort(byPlace)).toEqual(rest.sort(byPlace));
        } finally {
          of.redis.disconnect();
          await own.close();
        }
      }),
      { numRuns: 8 },
    );
  }, 60_000);
});
