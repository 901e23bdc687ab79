import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';

import { batchIdOf, eventIdAt } from '../../src/codec/batchId.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { cleanUp } from '../../src/retention/cleanUp.js';
import { checkMerged } from '../merging/checkMerged.js';
import { START, type MergeFixture } from '../merging/mergeFixture.js';
import type { GivenEvent, Job } from '../queries/eventFixture.js';
import { failingScript } from '../storage/failingScript.js';
import { dyingRedis } from './dyingRedis.js';

const RETENTION_DAYS = 2;
const RETENTION_MS = RETENTION_DAYS * 24 * HOUR_MS;
const TYPES = ['page_view', 'error'];

// Few values: equal ids in several batches, types, hours and days are the cases that can go wrong.
const given = fc.record({
  type: fc.constantFrom(...TYPES),
  /** From now. */
  hours: fc.constantFrom(0, 0, 0, -1, -20, -47, 23),
  /** A caller's id, or that of an event of an earlier batch, which is repeated with this time. */
  id: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c') },
    { weight: 2, arbitrary: fc.record({ batch: fc.nat(20), place: fc.nat(5) }) },
  ),
});
const run = fc.record({
  do: fc.constant('run' as const),
  job: fc.nat(20),
  how: fc.oneof(
    fc.constantFrom('once' as const, 'twice at once' as const),
    fc.record({ failsAt: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ diesAfter: fc.integer({ min: 0, max: 2 }) }),
  ),
});
/** What may happen next. */
export const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('batch' as const), events: fc.array(given, { minLength: 1, maxLength: 6 }) }) },
  { weight: 10, arbitrary: run },
  { weight: 3, arbitrary: fc.constant({ do: 'merge' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'clean up' as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.constantFrom(1, 3, 25, 60) }) },
);
export type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Sent {
  readonly type: string;
  readonly id: string;
  readonly timestamp: number;
  readonly n: number;
}
interface SentJob extends Job {
  readonly sent: readonly Sent[];
  /** A run of it failed on its way. */
  wasHurt: boolean;
}

/** What may be seen follows from what was sent alone, whatever was run, hurt, merged or removed in between. */
class Oracle {
  readonly jobs: SentJob[] = [];
  /** Each event as it was first seen, by type and id. */
  readonly #seen = new Map<string, Sent>();

  see(events: readonly Sent[], oldestKept: number): void {
    const now = new Map(events.map((event) => [nameOf(event), event]));
    assert.equal(now.size, events.length, 'an event is there twice');
    for (const [name, event] of now) {
      assert.ok(this.#sentAs(name).some((sent) => isDeepStrictEqual(sent, event)), `${name} was never sent like that`);
      const before = this.#seen.get(name);
      // Once it is expired its id is free again: nothing can be stored twice of what is kept once.
      if (before === undefined || before.timestamp < oldestKept) this.#seen.set(name, event);
      else assert.deepEqual(event, before);
    }
    for (const [name, event] of this.#seen) if (event.timestamp >= oldestKept) assert.deepEqual(now.get(name), event);
  }

  /** Once all jobs were done. */
  seeAll(oldestKept: number): void {
    for (const { sent } of this.jobs) {
      for (const event of sent) {
        if (event.timestamp < oldestKept || this.#seen.has(nameOf(event))) continue;
        // Claimed by a run that failed half way, whose job came again only after that event had expired; or left out of the
        // batch that gave it its id, as expired, while the rest of that batch was stored.
        const claimed = this.jobs.some((job) =>
          job.sent.some((other) => nameOf(other) === nameOf(event) && other.timestamp < oldestKept && (job.wasHurt || batchIdOf(other.id) === job.id)),
        );
        if (!claimed) throw new Error(`An event was lost: ${nameOf(event)}`);
      }
    }
  }

  #sentAs(name: string): Sent[] {
    return this.jobs.flatMap(({ sent }) => sent.filter((event) => nameOf(event) === name));
  }
}

const nameOf = ({ type, id }: Sent): string => `${type} ${id}`;

/** One run of the model: a store, a clock, and what was sent. */
export class StoreModel {
  readonly #store: MergeFixture;
  readonly #oracle = new Oracle();
  #now = START + HOUR_MS;
  #count = 0;

  constructor(store: MergeFixture) {
    this.#store = store;
  }

  get #oldestKept(): number {
    return this.#now - RETENTION_MS;
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case 'batch':
        this.#send(next.events);
        return;
      case 'run': {
        const job = this.#oracle.jobs[next.job % Math.max(this.#oracle.jobs.length, 1)];
        if (job !== undefined) await this.#work(job, next.how);
        break;
      }
      case 'merge':
        await this.#store.merge(this.#now);
        break;
      case 'clean up':
        await cleanUp({ redis: this.#store.redis, keys: this.#store.keys, now: () => this.#now }, { retentionDays: () => RETENTION_DAYS, metricRetentionDays: 1, feedHours: 24 });
        break;
      case 'wait':
        this.#now += next.hours * HOUR_MS;
        break;
    }
    await this.#look();
  }

  /** Works everything off, twice, and holds the whole store together. */
  async end(): Promise<'everything is there once'> {
    for (const round of [1, 2]) {
      for (const job of this.#oracle.jobs) {
        const result = await this.#store.run(job, { oldestKept: this.#oldestKept, now: this.#now });
        assert.equal(result.stored + result.duplicates + result.expired, job.sent.length);
        if (round === 2) assert.equal(result.stored, 0);
      }
      await this.#look();
      await this.take({ do: 'merge' });
    }
    this.#oracle.seeAll(this.#oldestKept);
    for (const type of TYPES) await checkMerged(this.#store, type);
    return 'everything is there once';
  }

  #send(events: readonly (typeof given extends fc.Arbitrary<infer Value> ? Value : never)[]): void {
    const { jobs } = this.#oracle;
    const batch = events.map(({ type, hours, id }): GivenEvent => {
      const origin = typeof id === 'object' ? jobs[id.batch % Math.max(jobs.length, 1)] : undefined;
      const repeated = typeof id === 'object' ? origin?.sent[id.place % origin.sent.length] : undefined;
      const ownId = typeof id === 'string' ? id : repeated?.id;
      const timestamp = this.#now + hours * HOUR_MS + (this.#count % 7);
      this.#count += 1;
      return { ...(ownId === undefined ? {} : { id: ownId }), type: repeated?.type ?? type, timestamp, properties: { n: this.#count } };
    });
    const job = this.#store.batch(batch, 'normal', this.#now);
    const sent = batch.map(({ id, type, timestamp, properties }, place) => ({ type: type!, id: id ?? eventIdAt(job.id, place), timestamp, n: properties!['n'] as number })); // as made above
    jobs.push({ ...job, sent, wasHurt: false });
  }

  async #work(job: SentJob, how: (typeof run extends fc.Arbitrary<infer Value> ? Value : never)['how']): Promise<void> {
    const { redis } = this.#store;
    const when = { oldestKept: this.#oldestKept, now: this.#now };
    if (how === 'once' || how === 'twice at once') {
      await Promise.all(Array.from({ length: how === 'once' ? 1 : 2 }, async () => this.#store.run(job, when)));
      return;
    }
    const through = 'failsAt' in how ? failingScript(redis, 'storeEventChunk', how.failsAt) : dyingRedis(redis, how.diesAfter);
    await this.#store.run(job, { ...when, through }).catch(() => {
      job.wasHurt = true;
    });
  }

  async #look(): Promise<void> {
    this.#store.forget();
    this.#store.oldest.kept = this.#oldestKept;
    const events: Sent[] = [];
    for (const type of TYPES) {
      for (const { id, timestamp, properties } of await this.#store.get({ type, limit: 10_000 })) events.push({ type, id, timestamp, n: properties['n'] as number });
    }
    this.#oracle.see(events, this.#oldestKept);
  }
}
