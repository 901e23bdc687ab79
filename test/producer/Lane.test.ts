import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { AnalyticsError } from '../../src/errors/AnalyticsError.js';
import type { BatchOutcome } from '../../src/producer/batch.js';
import type { Delivery, Lane } from '../../src/producer/Lane.js';
import { createFakeSender, createLane, deliver, item, turns, type FakeSender, type Item } from './fakeSender.js';

const lanes: { lane: Lane<Item>; sender: FakeSender }[] = [];

function start(options: Parameters<typeof createLane>[1] = {}) {
  const sender = createFakeSender();
  const lane = createLane(sender, options);
  lanes.push({ lane, sender });
  const add = (count: number, more: Partial<Item> = {}) => Array.from({ length: count }, (_, number) => deliver(lane, item(number, more)));
  return { sender, lane, add };
}

/** Answers everything, so that no timer of a deadline is left. */
async function finish({ lane, sender }: { lane: Lane<Item>; sender: FakeSender }): Promise<void> {
  let isDone = false;
  const done = lane.drain().then(() => (isDone = true));
  while (!isDone) {
    for (const batch of sender.waiting) sender.answer(batch);
    await turns(1);
  }
  await done;
}

afterEach(async () => {
  for (const one of lanes.splice(0)) await finish(one);
});

describe('a lane', () => {
  it('sends on the next tick and never inside the call, what came in one tick together', async () => {
    const { sender, add } = start();
    void add(7);
    expect(sender.sent).toHaveLength(0);
    await turns();
    expect(sender.sent.map(({ count }) => count)).toEqual([7]);
  });

  it('gathers what comes while a batch is on its way, and sends it when that is answered', async () => {
    const { sender, add } = start();
    void add(1);
    await turns();
    for (let time = 0; time < 8; time += 1) {
      void add(1);
      await turns();
    }
    expect(sender.sent.map(({ count }) => count)).toEqual([1]);
    sender.answer();
    await turns();
    expect(sender.sent.map(({ count }) => count)).toEqual([1, 8]);
  });

  it('fills batches first, and lets the rest gather until these are answered', async () => {
    const { sender, add } = start();
    void add(25);
    await turns();
    expect(sender.sent.map(({ count }) => count)).toEqual([10, 10]);
    void add(2);
    for (const batch of sender.waiting) sender.answer(batch);
    await turns();
    expect(sender.sent.map(({ count }) => count)).toEqual([10, 10, 7]);
  });

  it('waits for no answer and no pause once enough has gathered, with 8 batches on the way at most', async () => {
    const { sender, lane, add } = start({ delayMs: () => 60_000 });
    void add(1);
    await turns();
    expect(sender.sent).toHaveLength(0);
    void add(400);
    await turns();
    expect(sender.sent).toHaveLength(8);
    for (const { count } of sender.sent) expect(count).toBe(10);
    for (let answered = 0; answered < 20; answered += 1) {
      sender.answer();
      await turns();
      expect(sender.waiting.length).toBeLessThanOrEqual(8);
    }
    await finish({ lane, sender });
    expect(sender.sent.flatMap(({ items }) => items)).toHaveLength(401);
  });

  it('waits as long as the queue wants before a batch that has room', async () => {
    const { sender, add } = start({ delayMs: () => 60 });
    const startedAt = performance.now();
    void add(3);
    await turns(20);
    void add(2);
    expect(sender.sent).toHaveLength(0);
    while (sender.sent.length === 0) await turns(1);
    expect(performance.now() - startedAt).toBeGreaterThan(55);
    expect(sender.sent.map(({ count }) => count)).toEqual([5]);
  });

  it('sends early what has grown to a megabyte, and makes no batch much larger', async () => {
    const { sender, lane, add } = start({ delayMs: () => 60_000, batchSize: 4096 });
    void add(50, { bytes: 32 * 1024 });
    await turns();
    expect(sender.sent.length).toBeGreaterThan(0);
    await finish({ lane, sender });
    expect(sender.sent.flatMap(({ items }) => items)).toHaveLength(50);
    for (const { bytes } of sender.sent) expect(bytes).toBeLessThan(1024 * 1024 + 32 * 1024);
  });

  it('puts items of one series together where there are several batches to put them in', async () => {
    const { sender, lane } = start({ batchSize: 10 });
    for (let number = 0; number < 40; number += 1) void deliver(lane, item(number, { series: 'abcd'[number % 4]! }));
    await turns();
    expect(sender.sent.map(({ items }) => new Set(items.map(({ series }) => series)).size)).toEqual([1, 1, 1, 1]);
    for (const { items } of sender.sent) expect(items.map(({ number }) => number)).toEqual(items.map(({ number }) => number).toSorted((a, b) => a - b));
  });

  it('sends many that came in one call in batches of their own, as large as any may be', async () => {
    const { sender, lane, add } = start({ delayMs: () => 60_000 });
    void add(3);
    const told: (readonly [number, number, string])[] = [];
    lane.addMany(Array.from({ length: 5000 }, (_, number) => item(number)), (from, count, { kind }) => told.push([from, count, kind]));
    expect(lane.unanswered).toBe(5003);
    await turns();
    expect(sender.sent.map(({ count }) => count)).toEqual([4096, 904]);
    sender.answer();
    sender.answer(sender.sent[1]!, { kind: 'refused', error: new AnalyticsError('REDIS_UNAVAILABLE', 'no') });
    await turns();
    expect(told).toEqual([
      [0, 4096, 'acknowledged'],
      [4096, 904, 'refused'],
    ]);
    expect(lane.unanswered).toBe(3);
  });

  it('tells each item its batch and its place there, and its batch’s outcome alone', async () => {
    const { sender, lane, add } = start();
    const deliveries = add(40);
    await turns();
    const refusal = { kind: 'refused', error: new AnalyticsError('REDIS_UNAVAILABLE', 'no') } as const;
    for (const [place, batch] of sender.sent.entries()) sender.answer(batch, place === 2 ? refusal : { kind: 'acknowledged' });
    await lane.drain();
    for (const [number, { batchId, place, outcome }] of (await Promise.all(deliveries)).entries()) {
      const batch = sender.sent.find(({ id }) => id === batchId);
      expect(batch?.items[place]?.number).toBe(number);
      expect(outcome).toEqual(batch === sender.sent[2] ? refusal : { kind: 'acknowledged' });
    }
  });

  it('drains what waits out a pause, what gathers and what is on its way, and not what comes later', async () => {
    const { sender, lane, add } = start({ delayMs: () => 60_000 });
    void add(5);
    let isDrained = false;
    const drained = lane.drain().then(() => (isDrained = true));
    void add(3);
    await turns();
    expect(sender.sent.map(({ count }) => count)).toEqual([5]);
    expect(isDrained).toBe(false);
    sender.answer();
    await drained;
    expect(lane.unanswered).toBe(3);
  });

  it('drains at once when there is nothing', async () => {
    expect(await start().lane.drain()).toBeUndefined();
  });
});

describe('the deadline', () => {
  it('tells callers that the outcome is unknown, and the answer that comes later still counts', async () => {
    const { sender, lane, add } = start({ deadlineMs: 20 });
    const deliveries = add(3);
    const told = await Promise.all(deliveries);
    expect(told.map(({ outcome }) => outcome.kind)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(told.map(({ batchId, place }) => [batchId, place])).toEqual([0, 1, 2].map((place) => [sender.sent[0]?.id, place]));
    expect(lane.unanswered).toBe(3);
    let isDrained = false;
    const drained = lane.drain().then(() => (isDrained = true));
    await turns();
    expect(isDrained).toBe(false);
    sender.answer();
    await drained;
    expect(lane.unanswered).toBe(0);
    expect(sender.sent).toHaveLength(1);
  });

  it('holds for many that came in one call', async () => {
    const { sender, lane } = start({ deadlineMs: 20 });
    const kinds: string[] = [];
    lane.addMany([item(0), item(1)], (_, count, { kind }) => kinds.push(`${count} ${kind}`));
    while (kinds.length === 0) await turns(1);
    sender.answer();
    await turns();
    expect(kinds).toEqual(['2 unknown']);
  });

  it('gives each caller its whole deadline, however long others have waited', async () => {
    const { add } = start({ deadlineMs: 200 });
    const [first] = add(1);
    await new Promise((resolve) => setTimeout(resolve, 120));
    const began = performance.now();
    const [second] = add(1);
    expect((await first)?.outcome.kind).toBe('unknown');
    expect((await second)?.outcome.kind).toBe('unknown');
    expect(performance.now() - began).toBeGreaterThanOrEqual(199);
  });

  it('names the batch of what had not been sent yet, and sends that batch later', async () => {
    const { sender, lane, add } = start({ deadlineMs: 20 });
    void add(1);
    await turns();
    const answers = add(4);
    // Seen by the first who is answered: on a busy machine the others' deadlines may end a timer later.
    const sentBefore = answers[0]?.then(() => sender.sent.length);
    const told = await Promise.all(answers);
    expect(told.map(({ outcome }) => outcome.kind)).toEqual(Array.from({ length: 4 }, () => 'unknown'));
    expect(await sentBefore).toBe(1);
    await finish({ lane, sender });
    expect(sender.sent[1]?.items.map(({ number }) => number)).toEqual([0, 1, 2, 3]);
    expect(new Set(told.map(({ batchId }) => batchId))).toEqual(new Set([sender.sent[1]?.id]));
  });

  it('holds though the pause is longer', async () => {
    const { sender, lane, add } = start({ deadlineMs: 20, delayMs: () => 100 });
    const startedAt = performance.now();
    const [told] = await Promise.all(add(1));
    expect(told?.outcome.kind).toBe('unknown');
    expect(performance.now() - startedAt).toBeLessThan(95);
    while (sender.sent.length === 0) await turns(1);
    await finish({ lane, sender });
  });

  it('leaves no timer behind once everything is answered', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    for (const delay of [0, 60_000]) {
      const { sender, lane, add } = start({ delayMs: () => delay });
      void add(105);
      await turns();
      await finish({ lane, sender });
      expect(timers()).toBe(before);
    }
  });
});

describe('whatever the timing', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 30 }), series: fc.constantFrom('a', 'b', 'c'), bytes: fc.constantFrom(1, 100, 300_000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('addMany' as const), count: fc.integer({ min: 0, max: 30 }), bytes: fc.constantFrom(1, 300_000) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(), outcome: fc.constantFrom('acknowledged', 'acknowledged', 'refused') }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep' as const), ms: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const) }) },
  );
  const settings = fc.record({ batchSize: fc.integer({ min: 1, max: 12 }), delay: fc.constantFrom(0, 0, 3), deadlineMs: fc.constantFrom(4, 60_000) });

  it('every item is in one batch, once, at the place that its caller is told; no batch is too large; every call settles', async () => {
    await fc.assert(
      fc.asyncProperty(settings, fc.array(step, { maxLength: 40 }), async ({ batchSize, delay, deadlineMs }, steps) => {
        const sender = createFakeSender();
        const lane = createLane(sender, { batchSize, deadlineMs, delayMs: () => delay });
        const outcomes = new Map<string, string>();
        const deliveries: Promise<Delivery>[] = [];
        const many: { readonly number: number; outcomes: BatchOutcome[] }[] = [];
        const answer = (which: number, kind: string) => {
          const batch = sender.waiting[which % sender.waiting.length];
          if (batch === undefined) return;
          outcomes.set(batch.id, kind);
          sender.answer(batch, kind === 'refused' ? { kind, error: new AnalyticsError('REDIS_UNAVAILABLE', 'no') } : { kind: 'acknowledged' });
        };
        const addMany = (count: number, more: Partial<Item>) => {
          const items = Array.from({ length: count }, (_, place) => item(1000 + many.length + place, more));
          const settled = items.map(({ number }) => ({ number, outcomes: [] as BatchOutcome[] }));
          many.push(...settled);
          lane.addMany(items, (from, size, outcome) => {
            for (const { outcomes: told } of settled.slice(from, from + size)) told.push(outcome);
          });
        };
        for (const one of steps) {
          if (one.kind === 'add') for (let times = 0; times < one.count; times += 1) deliveries.push(deliver(lane, item(deliveries.length, one)));
          else if (one.kind === 'addMany') addMany(one.count, one);
          else if (one.kind === 'answer') answer(one.which, one.outcome);
          else if (one.kind === 'turns') await turns(one.count);
          else if (one.kind === 'sleep') await new Promise((resolve) => setTimeout(resolve, one.ms));
          else void lane.drain();
          expect(sender.waiting.length).toBeLessThanOrEqual(8);
        }
        let isDrained = false;
        void lane.drain().then(() => (isDrained = true));
        while (!isDrained) {
          answer(0, 'acknowledged');
          await turns(1);
        }
        expect(lane.unanswered).toBe(0);
        const told = await Promise.all(deliveries);
        expect(sender.sent.flatMap(({ items }) => items.map(({ number }) => number)).toSorted((a, b) => a - b)).toEqual([...deliveries.keys(), ...many.map(({ number }) => number)]);
        const byId = new Map(sender.sent.map((batch) => [batch.id, batch]));
        expect(byId.size).toBe(sender.sent.length);
        for (const { count, bytes, items } of sender.sent) {
          expect(count).toBeGreaterThan(0);
          expect(count).toBeLessThanOrEqual(items[0]!.number < 1000 ? batchSize : 4096);
          expect(bytes).toBeLessThan(1024 * 1024 + 300_000);
          // What came in one call has its batches to itself, in order.
          if (items[0]!.number >= 1000) expect(items.map(({ number }) => number - items[0]!.number)).toEqual([...items.keys()]);
        }
        for (const { number, outcomes: told } of many) {
          expect(told).toHaveLength(1);
          const batch = sender.sent.find(({ items }) => items.some((one) => one.number === number));
          if (told[0]!.kind !== 'unknown' || deadlineMs > 1000) expect(told[0]!.kind).toBe(outcomes.get(batch!.id));
        }
        for (const [number, { batchId, place, outcome }] of told.entries()) {
          expect(byId.get(batchId)?.items[place]?.number).toBe(number);
          if (outcome.kind !== 'unknown' || deadlineMs > 1000) expect(outcome.kind).toBe(outcomes.get(batchId));
        }
      }),
      { numRuns: 150 },
    );
  });
});
