import { expect } from '@jest/globals';
import fc from 'fast-check';

import { eventIdAt, newBatchId } from '../../../src/codec/batchId.js';
import { EventPriority } from '../../../src/contract/EventPriority.js';
import type { Event } from '../../../src/contract/event.js';
import { mergeAll } from '../../../src/merging/mergeAll.js';
import { cleanUp } from '../../../src/retention/cleanUp.js';
import type { EventFixture, GivenEvent } from '../eventFixture.js';
import { HOUR, order, range, row, START, time } from './arbitraries.js';
import { NaiveEvents, type NaiveRange } from './NaiveEvents.js';

const DAY = 24 * HOUR;
const TYPE = 'page_view';
/** When the hours of all events are over. */
const LATER = START + 10 * HOUR;

const page = fc.record({ limit: fc.integer({ min: 1, max: 20 }), offset: fc.integer({ min: 0, max: 40 }) });
const batch = fc.record({
  do: fc.constant('batch' as const),
  rows: fc.array(fc.tuple(row, fc.option(fc.constantFrom('a', 'b', 'c'), { freq: 6, nil: undefined })), { minLength: 1, maxLength: 10 }),
  priority: fc.constantFrom(...Object.values(EventPriority)),
});
// Without a grace, what a merge replaced is gone by the next.
const merge = fc.record({ do: fc.constant('merge' as const), graceMs: fc.constantFrom(0, 600_000) });
const asked = { range, order, page };
/** What happens to a store, or is asked of it. */
export const step = fc.oneof(
  { weight: 8, arbitrary: batch },
  { weight: 4, arbitrary: merge },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('query' as const), ...asked, whileMerging: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('walk' as const), ...asked }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('find' as const), place: fc.nat(200), fresh: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clean' as const), before: time }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Walk {
  readonly range: NaiveRange;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly atStart: readonly Event[];
  readonly seen: Event[];
  cursor: string | undefined;
  isDone: boolean;
}

/** The store beside a list of events, and cursors that are on their way through both. */
export class Scene {
  readonly naive = new NaiveEvents();
  readonly #walks: Walk[] = [];
  readonly #ids = new Set<string>();
  readonly #store: EventFixture;
  #cleaned = -Infinity;

  constructor(store: EventFixture) {
    this.#store = store;
  }

  async run(one: Step): Promise<void> {
    if (one.do === 'batch') await this.#write(one);
    else if (one.do === 'merge') await this.#merge(one.graceMs);
    else if (one.do === 'query') await this.#query(one);
    else if (one.do === 'find') await this.#find(one);
    else if (one.do === 'clean') await this.#clean(one.before);
    else {
      const atStart = this.naive.all(one.range, one.order, this.#cleaned);
      this.#walks.push({ range: one.range, order: one.order, limit: one.page.limit, atStart, seen: [], cursor: undefined, isDone: false });
    }
    for (const walk of this.#walks) await this.#advance(walk);
  }

  async end(): Promise<void> {
    for (const walk of this.#walks) {
      while (!walk.isDone) await this.#advance(walk);
      const ids = new Set(walk.seen.map(({ id }) => id));
      same(ids.size, walk.seen.length);
      same(walk.seen, this.naive.all(walk.range, walk.order).filter(({ id }) => ids.has(id)));
      const kept = walk.atStart.filter(({ timestamp }) => timestamp >= this.#cleaned);
      same(kept.filter(({ id }) => !ids.has(id)), []);
    }
  }

  async #write({ rows, priority }: Extract<Step, { do: 'batch' }>): Promise<void> {
    const given = rows.map(([event, id]) => ({ ...event, ...(id !== undefined && { id }) }) as GivenEvent); // any JSON is fine
    const job = this.#store.batch(given, priority);
    await this.#store.run(job);
    for (const [place, [{ properties = {}, ...event }, ownId]] of rows.entries()) {
      const id = ownId ?? eventIdAt(job.id, place);
      if (this.#ids.has(id)) continue;
      this.#ids.add(id);
      this.naive.stored.push({ id, type: TYPE, priority, ...event, properties });
    }
  }

  async #merge(graceMs: number): Promise<void> {
    const { redis, keys, keyRing } = this.#store;
    await mergeAll({ redis, keys, secrets: keyRing.reading, now: () => LATER }, { graceMs });
  }

  async #query({ range: asking, order: direction, page: { limit, offset }, whileMerging }: Extract<Step, { do: 'query' }>): Promise<void> {
    this.#store.oldest.kept = this.#cleaned;
    const { queries } = this.#store;
    const expected = this.naive.all(asking, direction, this.#cleaned);
    const [events, count] = await Promise.all([
      queries.getEvents({ type: TYPE, ...asking, order: direction, limit, offset }),
      queries.countEvents({ type: TYPE, ...asking }),
      ...(whileMerging ? [this.#merge(0)] : []),
    ]);
    same(events, expected.slice(offset, offset + limit));
    same(count, expected.length);
  }

  async #advance(walk: Walk): Promise<void> {
    if (walk.isDone) return;
    this.#store.oldest.kept = this.#cleaned;
    const options = { type: TYPE, ...walk.range, order: walk.order, limit: walk.limit };
    const found = await this.#store.queries.queryEvents({ ...options, ...(walk.cursor !== undefined && { cursor: walk.cursor }) });
    walk.seen.push(...(found.events as Event[])); // nothing was selected
    walk.cursor = found.cursor;
    walk.isDone = found.cursor === undefined;
  }

  async #find({ place, fresh }: Extract<Step, { do: 'find' }>): Promise<void> {
    this.#store.oldest.kept = this.#cleaned;
    const event = this.naive.stored[place % Math.max(this.naive.stored.length, 1)];
    const id = fresh || event === undefined ? eventIdAt(newBatchId(START), place) : event.id;
    const expected = fresh || event === undefined || event.timestamp < this.#cleaned ? undefined : event;
    same(await this.#store.queries.getEvent(id, place % 2 === 0 ? {} : { type: TYPE }), expected);
    same(await this.#store.queries.getEvent(id, { type: 'error' }), undefined);
  }

  async #clean(before: number): Promise<void> {
    this.#cleaned = Math.max(this.#cleaned, before);
    const { redis, keys } = this.#store;
    const limits = { retentionDays: () => 90, metricRetentionDays: 90, feedHours: 24 };
    await cleanUp({ redis, keys, now: () => this.#cleaned + 90 * DAY }, limits);
  }
}

function same(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}
