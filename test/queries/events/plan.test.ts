import { beforeEach, describe, expect, it } from '@jest/globals';

import { BudgetError } from '../../../src/errors/BudgetError.js';
import { createEventQueries } from '../../../src/queries/events/createEventQueries.js';
import { HOUR, START } from './arbitraries.js';
import { memoryContext } from './memoryContext.js';
import { MemoryStore } from './memoryStore.js';

const HOURS = 5;
const PER_HOUR = 3600;
const PER_CHUNK = 400;
const type = 'page_view' as const;

/** An event a second for some hours, merged, then one small chunk. Texts fill the blocks. */
function fill(): MemoryStore {
  const store = new MemoryStore();
  for (let hour = 0; hour < HOURS; hour += 1) {
    const seconds = Array.from({ length: PER_HOUR }, (_, second) => second);
    store.write(
      seconds.map((second) => ({
        timestamp: START + hour * HOUR + second * 1000,
        userId: `user-${second % 50}`,
        properties: { page: `/${second % 7}`, text: `${hour} ${second} ${'x'.repeat(second % 60)}` },
        metadata: { browser: `b${second % 3}` },
      })),
    );
    store.merge(START / HOUR + hour, PER_CHUNK);
  }
  store.write([{ timestamp: START + HOURS * HOUR, userId: 'user-1', properties: { page: '/1' } }]);
  return store;
}

const filled = fill();
let queries: ReturnType<typeof createEventQueries>;
beforeEach(() => {
  filled.loads.length = 0;
  queries = createEventQueries(memoryContext(filled));
});
const chunksLoaded = (): number => filled.loads.reduce((sum, { chunks }) => sum + chunks, 0);

describe('what a query loads', () => {
  it('is no chunk at all to count, but for those that the range cuts', async () => {
    expect(await queries.countEvents({ type })).toBe(HOURS * PER_HOUR + 1);
    expect(await queries.countEvents({ type, startTime: START + HOUR, endTime: START + 3 * HOUR - 1 })).toBe(2 * PER_HOUR);
    expect(filled.loads).toEqual([]);
    expect(await queries.countEvents({ type, startTime: START + 100_500, endTime: START + 2 * HOUR + 100_500 })).toBe(2 * PER_HOUR);
    expect(filled.loads).toEqual([
      { chunks: 1, columns: ['time'] },
      { chunks: 1, columns: ['time'] },
    ]);
  });

  it("is the filter's columns to count with one", async () => {
    const where = { and: [{ field: 'properties.page', eq: '/1' }, { not: { field: 'userId', prefix: 'user-2' } }] } as const;
    expect(await queries.countEvents({ type, where })).toBeGreaterThan(1000);
    for (const { columns } of filled.loads) expect(columns).toEqual(['properties.page', 'user']);
    expect(chunksLoaded()).toBe(HOURS * (PER_HOUR / PER_CHUNK) + 1);
  });

  it('is one chunk for the newest page, and no more for the rest of it', async () => {
    await queries.getEvents({ type, endTime: START + HOURS * HOUR - 1 });
    expect(filled.loads).toEqual([{ chunks: 1, columns: 'all' }]);
    filled.loads.length = 0;
    await queries.getEvents({ type, order: 'asc', limit: 10 });
    expect(filled.loads).toEqual([{ chunks: 1, columns: 'all' }]);
  });

  it('is all columns only of chunks that the page is in', async () => {
    const events = await queries.getEvents({ type, limit: 3, where: { field: 'properties.text', prefix: '2 1800 ' } });
    expect(events).toHaveLength(1);
    const [whole, ...others] = filled.loads.toReversed();
    expect(whole).toEqual({ chunks: 1, columns: 'all' });
    for (const { columns } of others) expect(columns).toEqual(['offset', 'properties.text', 'time']);
  });

  it('is the selected columns where there is a projection', async () => {
    const select = ['id', 'properties.page', ['metadata', 'browser']] as const;
    const [event] = await queries.getEvents({ type, limit: 1, offset: 1, select });
    expect(event).toEqual({ id: expect.any(String), properties: { page: '/1' }, metadata: { browser: 'b2' } });
    await queries.getEvents({ type, limit: 1, select: ['userId'], where: { field: 'properties.page', eq: '/3' } });
    const columns = new Set(filled.loads.flatMap((load) => load.columns));
    expect(columns).not.toContain('all');
    expect(columns).not.toContain('properties.text');
  });

  it('is a few chunks at a deep offset, whole hours and whole chunks left out by their counts', async () => {
    for (const order of ['asc', 'desc'] as const) {
      for (const offset of [1500, 2 * PER_HOUR + 1777, 4 * PER_HOUR]) {
        filled.loads.length = 0;
        const [event] = await queries.getEvents({ type, order, offset, limit: 1 });
        const second = order === 'asc' ? offset : HOURS * PER_HOUR - offset;
        expect(event!.timestamp).toBe(START + Math.floor(second / PER_HOUR) * HOUR + (second % PER_HOUR) * 1000);
        expect(chunksLoaded()).toBeLessThanOrEqual(3);
      }
    }
  });
});

describe('chunks that touch at one time', () => {
  it('are left out by their counts all the same', async () => {
    const store = new MemoryStore();
    // Ten events of each second, cut in the middle of a second.
    store.write(Array.from({ length: 10_000 }, (_, place) => ({ timestamp: START + Math.floor(place / 10) * 1000, properties: { place } })));
    store.merge(START / HOUR, 105);
    const touching = createEventQueries(memoryContext(store));
    for (const order of ['asc', 'desc'] as const) {
      store.loads.length = 0;
      const events = await touching.getEvents({ type, order, offset: 5005, limit: 20 });
      const first = order === 'asc' ? 5005 : 10_000 - 5005 - 1;
      expect(events.map((event) => event.properties!['place'])).toEqual(Array.from({ length: 20 }, (_, at) => first + (order === 'asc' ? at : -at)));
      expect(store.loads.reduce((sum, { chunks }) => sum + chunks, 0)).toBeLessThanOrEqual(5);
    }
  });

  it('come in the order of storing, also where the page of the index ends among chunks of one time', async () => {
    const store = new MemoryStore();
    for (let place = 0; place < 300; place += 1) store.write([{ timestamp: START, properties: { place } }]);
    const touching = createEventQueries(memoryContext(store));
    for (const limit of [1, 31, 32, 33, 128, 299]) {
      const events = await touching.getEvents({ type, limit });
      expect(events.map((event) => event.properties!['place'])).toEqual(Array.from({ length: limit }, (_, at) => 299 - at));
    }
  });
});

describe('a chunk that goes while a query is at it', () => {
  it.each(['page', 'rows', 'events'] as const)('leaves its events to the one that replaced it: before the %s are read', async (stage) => {
    const store = fill();
    const replaced = createEventQueries(memoryContext(store));
    const where = { field: 'properties.page', eq: '/3' } as const;
    const endTime = START + HOURS * HOUR - 1;
    const expected = await replaced.getEvents({ type, where, endTime });
    const calls = ['page', 'rows', 'events'].indexOf(stage);
    let call = 0;
    store.meanwhile = () => {
      if (call === calls) store.merge(START / HOUR + HOURS - 1, 333, true);
      call += 1;
    };
    expect(await replaced.getEvents({ type, where, endTime })).toEqual(expected);
    expect(call).toBeGreaterThan(3 - Number(calls === 0));
    const count = await replaced.countEvents({ type, where, endTime });
    call = 0;
    expect(await replaced.countEvents({ type, where, endTime })).toBe(count);
  });
});

describe('a budget', () => {
  const rare = { field: 'properties.text', prefix: '0 17 ' } as const;

  it('ends a query that cannot say so with an error that holds what was looked at', async () => {
    for (const run of [
      () => queries.getEvents({ type, where: rare, budget: { events: 5000 } }),
      () => queries.getEvents({ type, where: rare, offset: 2000, budget: { events: 5000 } }),
      () => queries.countEvents({ type, where: rare, budget: { events: 5000 } }),
      () => queries.countEvents({ type, where: rare, budget: { ms: 0.000001 } }),
    ]) {
      const error: unknown = await run().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(BudgetError);
      expect(error).toMatchObject({ code: 'QUERY_BUDGET_EXCEEDED' });
      expect((error as BudgetError).scanned).toBeLessThanOrEqual(5000 + PER_CHUNK);
    }
  });

  it('ends a page of queryEvents, whose cursor goes on to the end', async () => {
    let cursor: string | undefined;
    let scanned = 0;
    let pages = 0;
    const found = [];
    do {
      const page = await queries.queryEvents({ type, where: rare, budget: { events: 1000 }, ...(cursor !== undefined && { cursor }) });
      if (page.cursor !== undefined) expect(page.stopped).toBe('events');
      cursor = page.cursor;
      scanned += page.scanned;
      found.push(...page.events);
      pages += 1;
    } while (cursor !== undefined);
    expect(found).toHaveLength(1);
    expect(scanned).toBe(HOURS * PER_HOUR + 1);
    expect(pages).toBeGreaterThan(10);
    expect((await queries.queryEvents({ type, where: rare, budget: { ms: 0.000001 } })).stopped).toBe('time');
  });

  it('is not asked for what the index and the counts tell', async () => {
    expect(await queries.countEvents({ type, budget: { events: 1 } })).toBe(HOURS * PER_HOUR + 1);
    expect(await queries.getEvents({ type, offset: 2 * PER_HOUR, limit: 1, budget: { events: 1 } })).toHaveLength(1);
  });
});
