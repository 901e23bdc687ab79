import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { EventPriority } from '../../../src/contract/EventPriority.js';
import type { Event } from '../../../src/contract/event.js';
import { countEvents } from '../../../src/queries/events/countEvents.js';
import { EventStream } from '../../../src/queries/events/EventStream.js';
import { getEvents } from '../../../src/queries/events/getEvents.js';
import { queryEvents } from '../../../src/queries/events/queryEvents.js';
import { filter, order, range, row, time } from './arbitraries.js';
import { memoryContext } from './memoryContext.js';
import { MemoryStore } from './memoryStore.js';
import { NaiveEvents } from './NaiveEvents.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 100);

const write = fc.record({
  do: fc.constant('write' as const),
  rows: fc.array(row, { minLength: 1, maxLength: 12 }),
  priority: fc.constantFrom(...Object.values(EventPriority)),
});
/** Many chunks of one event each, more than a page of the index shows. */
const trickle = fc.record({ do: fc.constant('trickle' as const), rows: fc.array(row, { minLength: 20, maxLength: 60 }) });
const merge = fc.record({ do: fc.constant('merge' as const), hour: fc.nat(3), rows: fc.constantFrom(1, 3, 8, 100), isAbrupt: fc.constant<boolean>(false) });
const change = fc.oneof({ weight: 9, arbitrary: write }, { weight: 1, arbitrary: trickle }, { weight: 5, arbitrary: merge });
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function apply(store: MemoryStore, naive: NaiveEvents, one: Change): void {
  if (one.do === 'trickle') for (const given of one.rows) naive.add(store.type, store.write([given]));
  else if (one.do === 'write') naive.add(store.type, store.write(one.rows, one.priority));
  else {
    const hours = store.hours();
    if (hours.length > 0) store.merge(hours[one.hour % hours.length]!, one.rows, one.isAbrupt);
  }
}

function filled(changes: readonly Change[]) {
  const store = new MemoryStore();
  const naive = new NaiveEvents();
  for (const one of changes) apply(store, naive, one);
  return { store, naive };
}

describe('queries of events beside a naive model', () => {
  it('gives pages, counts and whole ranges as the model does, whatever was merged', async () => {
    const page = fc.record({ limit: fc.integer({ min: 1, max: 30 }), offset: fc.integer({ min: 0, max: 60 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 14 }),
        fc.array(fc.tuple(range, order, page), { minLength: 1, maxLength: 6 }),
        fc.option(time, { nil: -Infinity }),
        fc.constantFrom(1, 1000),
        async (changes, queries, kept, deepOffset) => {
          const { store, naive } = filled(changes);
          const context = memoryContext(store, { kept }, deepOffset);
          for (const [asked, direction, { limit, offset }] of queries) {
            const expected = naive.all(asked, direction, kept);
            const found = await getEvents({ type: store.type, ...asked, order: direction, limit, offset }, context);
            expect(found).toEqual(expected.slice(offset, offset + limit));
            expect(await countEvents({ type: store.type, ...asked }, context)).toBe(expected.length);
          }
        },
      ),
      { numRuns: RUNS },
    );
  }, 60_000);

  it('gives a page the same while its hours are merged', async () => {
    const page = fc.record({ limit: fc.integer({ min: 1, max: 30 }), offset: fc.integer({ min: 0, max: 60 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 14 }),
        fc.array(merge, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(8), { maxLength: 2 }),
        range,
        order,
        page,
        async (changes, merges, abrupt, asked, direction, { limit, offset }) => {
          const { store, naive } = filled(changes);
          // Two of them are like an erasure, which leaves nothing of a chunk that it rewrites.
          const all = merges.map((one, place) => ({ ...one, isAbrupt: abrupt.includes(place) }));
          const left = [...all];
          store.meanwhile = () => {
            const next = left.pop();
            if (next !== undefined) apply(store, naive, next);
          };
          const expected = naive.all(asked, direction);
          expect(await getEvents({ type: store.type, ...asked, order: direction, limit, offset }, memoryContext(store))).toEqual(
            expected.slice(offset, offset + limit),
          );
          left.push(...all);
          expect(await countEvents({ type: store.type, ...asked }, memoryContext(store))).toBe(expected.length);
        },
      ),
      { numRuns: RUNS },
    );
  }, 60_000);

  it('walks each event that is there throughout exactly once, while events are stored, merged and removed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 12 }),
        fc.array(fc.option(change, { nil: undefined }), { maxLength: 16 }),
        range,
        order,
        fc.integer({ min: 1, max: 12 }),
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        async (changes, meanwhile, asked, direction, limit, budget) => {
          const { store, naive } = filled(changes);
          const expected = naive.all(asked, direction);
          const times = naive.stored.map((event) => event.timestamp).sort((one, other) => one - other);
          const removedBefore = times[times.length >> 2]!;
          const left = [...meanwhile];
          store.meanwhile = () => {
            const next = left.pop();
            if (next !== undefined) apply(store, naive, next);
            if (left.length === meanwhile.length >> 1) store.cleanUp(removedBefore);
          };
          const context = memoryContext(store);
          const seen: Event[] = [];
          let cursor: string | undefined;
          let pages = 0;
          do {
            const page = await queryEvents(
              { type: store.type, ...asked, order: direction, limit, ...(budget !== undefined && { budget: { events: budget } }), ...(cursor !== undefined && { cursor }) },
              context,
            );
            expect(page.events.length).toBeLessThanOrEqual(limit);
            if (page.stopped === undefined && page.cursor !== undefined) expect(page.events.length).toBeGreaterThan(0);
            seen.push(...(page.events as Event[])); // nothing was selected
            cursor = page.cursor;
            expect((pages += 1)).toBeLessThan(1000);
          } while (cursor !== undefined);
          const ids = new Set(seen.map((event) => event.id));
          expect(ids.size).toBe(seen.length);
          // In order, and nothing that the filter refuses.
          const possible = naive.all(asked, direction).filter((event) => ids.has(event.id));
          expect(seen).toEqual(possible);
          for (const event of expected) if (event.timestamp >= removedBefore) expect(ids).toContain(event.id);
        },
      ),
      { numRuns: RUNS },
    );
  }, 60_000);

  it('streams what the model has', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 10 }), filter, order, async (changes, where, direction) => {
        const { store, naive } = filled(changes);
        const stream = new EventStream({ type: store.type, where, order: direction }, memoryContext(store));
        const seen = [];
        for (let events = await stream.next({}); events !== undefined; events = await stream.next({})) {
          expect(await stream.next({})).toEqual(events); // as long as they are not taken
          stream.taken();
          seen.push(...events);
        }
        expect(seen).toEqual(naive.all({ where }, direction));
      }),
      { numRuns: RUNS / 2 },
    );
  }, 60_000);
});
