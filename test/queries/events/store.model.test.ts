import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { eventIdAt } from '../../../src/codec/batchId.js';
import { EventPriority } from '../../../src/contract/EventPriority.js';
import type { Event } from '../../../src/contract/event.js';
import type { GetEventsOptions } from '../../../src/queries/events/getEvents.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { checkStore } from '../checkStore.js';
import { createEventFixture, type EventFixture, type GivenEvent, type Job } from '../eventFixture.js';

const HOUR = 3_600_000;
const START = 480_000 * HOUR;
const TYPES = ['page_view', 'error'];

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
});
const open = new Set<EventFixture>();
afterAll(async () => {
  // A run that was interrupted still waits for its server.
  await Promise.all([...open].map(async (store) => store.close()));
  await server.stop();
});

// Few values, close together: equal times, equal ids and overlapping chunks are the cases that can go wrong.
const time = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(HOUR - 1, HOUR - 2), fc.integer({ min: 0, max: HOUR - 1 })))
  .map(([hour, ms]) => START + hour * HOUR + ms);
const user = fc.constantFrom('ann', 'bob', undefined);
const given = fc.record({
  type: fc.constantFrom(...TYPES),
  timestamp: time,
  userId: user,
  sessionId: fc.constantFrom('s1', undefined),
  n: fc.integer({ min: 0, max: 1e6 }),
  /** A caller's id; or an event of an earlier batch, whose id and type it repeats. */
  id: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.constantFrom('a', 'b', 'c'), fc.record({ batch: fc.nat(30), place: fc.nat(11) })),
});
const query = fc.record(
  {
    type: fc.constantFrom(...TYPES),
    startTime: time,
    endTime: time,
    limit: fc.integer({ min: 1, max: 30 }),
    offset: fc.integer({ min: 0, max: 60 }),
    order: fc.constantFrom('asc' as const, 'desc' as const),
    userId: fc.constantFrom('ann', 'bob'),
    sessionId: fc.constant('s1'),
    priority: fc.constantFrom(...Object.values(EventPriority)),
  },
  { requiredKeys: ['type'] },
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('batch' as const), events: fc.array(given, { minLength: 1, maxLength: 12 }), priority: fc.constantFrom(...Object.values(EventPriority)), runNow: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), job: fc.nat(30), twiceAtOnce: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('query' as const), options: query, oldestKept: fc.option(time, { nil: undefined }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** The same in memory, without chunks: a list of events in the order in which they were stored. */
class Model {
  readonly stored: Event[] = [];
  readonly #seen = new Set<string>();

  store(events: readonly Event[]): number {
    const fresh = events.filter((event) => {
      const name = `${event.type} ${event.id}`;
      return !this.#seen.has(name) && this.#seen.add(name);
    });
    this.stored.push(...fresh);
    return fresh.length;
  }

  get({ type, startTime = -Infinity, endTime = Infinity, limit = 100, offset = 0, order = 'desc', ...filters }: GetEventsOptions, oldestKept: number): Event[] {
    const inOrder = this.stored
      .filter((event) => event.type === type && event.timestamp >= Math.max(startTime, oldestKept) && event.timestamp <= endTime)
      .filter((event) => Object.entries(filters).every(([field, value]) => value === undefined || event[field as keyof Event] === value))
      .sort((one, other) => one.timestamp - other.timestamp); // stable: equal times stay in the order of storing
    return (order === 'asc' ? inOrder : inOrder.toReversed()).slice(offset, offset + limit);
  }
}

interface MadeBatch {
  readonly job: Job;
  readonly events: readonly Event[];
}

function makeBatch(store: EventFixture, made: readonly MadeBatch[], { events, priority }: Extract<Step, { do: 'batch' }>): MadeBatch {
  const wanted = events.map(({ id, type, n, userId, sessionId, timestamp }): GivenEvent => {
    const origin = typeof id === 'object' ? made[id.batch % Math.max(made.length, 1)] : undefined;
    const repeated = origin?.events[(id as { place: number }).place % origin.events.length];
    const ownId = typeof id === 'string' ? id : repeated?.id;
    return {
      type: repeated?.type ?? type,
      ...(ownId !== undefined && { id: ownId }),
      ...(userId !== undefined && { userId }),
      ...(sessionId !== undefined && { sessionId }),
      properties: { n },
      timestamp,
    };
  });
  const job = store.batch(wanted, priority);
  return {
    job,
    events: wanted.map((event, place) => ({ type: 'page_view', properties: {}, ...event, id: event.id ?? eventIdAt(job.id, place), priority })),
  };
}

describe('getEvents beside a naive model', () => {
  it('answers the same whatever was stored, repeated, run twice or restarted, in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), fc.constantFrom(1, 1000), fc.constantFrom(0, 5000, undefined), async (steps, deepOffset, cacheBytes) => {
        const store = await createEventFixture(server.url, { deepOffset, ...(cacheBytes !== undefined && { cacheBytes }) });
        open.add(store);
        const model = new Model();
        const made: MadeBatch[] = [];
        const run = async ({ job, events }: MadeBatch, twiceAtOnce: boolean): Promise<void> => {
          const results = await Promise.all([store.run(job), ...(twiceAtOnce ? [store.run(job)] : [])]);
          expect(results.reduce((sum, result) => sum + result.stored, 0)).toBe(model.store(events));
          for (const { stored, duplicates } of results) expect(stored + duplicates).toBe(events.length);
        };
        try {
          for (const one of steps) {
            if (one.do === 'batch') {
              const batch = makeBatch(store, made, one);
              made.push(batch);
              if (one.runNow) await run(batch, false);
            } else if (one.do === 'run') {
              const batch = made[one.job % Math.max(made.length, 1)];
              if (batch !== undefined) await run(batch, one.twiceAtOnce);
            } else if (one.do === 'query') {
              store.oldest.kept = one.oldestKept ?? -Infinity;
              expect(await store.get(one.options)).toEqual(model.get(one.options, store.oldest.kept));
            } else if (one.do === 'forget') {
              store.forget();
            } else {
              await server.kill('SIGKILL');
              await server.restart();
            }
          }
          store.oldest.kept = -Infinity;
          for (const type of TYPES) {
            const options = { type, limit: 10_000 };
            expect(await store.get(options)).toEqual(model.get(options, -Infinity));
            await checkStore(store, type, model.get(options, -Infinity).map((event) => event.timestamp));
          }
        } finally {
          await store.close();
          open.delete(store);
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 40), interruptAfterTimeLimit: 45_000 },
    );
  }, 60_000);
});
