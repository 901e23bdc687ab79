import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { AnalyticsError, AnalyticsService, EventType } from '../../src/index.js';
import { HOSTILE_MS, hostileRuns } from '../support/hostileRuns.js';
import { ODD_CANARY, oddValue, orOdd, snapshotPrototypes } from '../support/oddValues.js';
import { startRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let service: AnalyticsService;
const errors: Error[] = [];
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);
beforeAll(async () => {
  server = await startRedis();
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64'), deadlineMs: 20_000, processingInterval: 1, onError: (error) => errors.push(error) });
  process.on('unhandledRejection', onUnhandled);
  await service.trackEvent({ type: EventType.CUSTOM, id: 'first' });
  await service.trackMetric({ name: 'pulse', value: 70 });
  await service.processEvents();
});
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  await service.close();
  await server.stop();
});

const event = fc.record({ type: orOdd(fc.constantFrom('page_view', 'custom')), properties: orOdd(fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }))), timestamp: oddValue }, { requiredKeys: ['type'] });
const sample = fc.record({ name: orOdd(fc.constantFrom('cpu', 'pulse')), value: orOdd(fc.integer()), tags: oddValue }, { requiredKeys: ['name', 'value'] });
const query = fc.record({ type: orOdd(fc.constant('custom')), where: oddValue, limit: orOdd(fc.constant(10)), startTime: oddValue }, { requiredKeys: ['type'] });
const metricQuery = fc.record({ name: orOdd(fc.constant('pulse')), tags: oddValue, aggregations: orOdd(fc.constant(['sum'])), endTime: oddValue }, { requiredKeys: ['name'] });

type Call = readonly [name: keyof AnalyticsService & string, given: unknown];
const call: fc.Arbitrary<Call> = fc.oneof(
  ...(
    [
      ['trackEvent', event], ['trackMetric', sample], ['trackEvents', fc.array(orOdd(event), { maxLength: 4 })], ['trackMetrics', fc.array(orOdd(sample), { maxLength: 4 })],
      ['getEvents', query], ['queryEvents', query], ['countEvents', query], ['countEventsBy', query], ['getMetrics', metricQuery], ['aggregateMetrics', metricQuery], ['listMetrics', metricQuery],
    ] as const
  ).map(([name, usual]) => fc.tuple(fc.constant(name), fc.oneof({ weight: 4, arbitrary: usual as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: oddValue }))),
);

/** Ended by its caller's fault, and says so; never by ours, Redis's or the time that it took. */
const REFUSALS = ['VALIDATION_FAILED', 'QUERY_BUDGET_EXCEEDED'];

function expectTyped(error: unknown): void {
  expect(error).toBeInstanceOf(AnalyticsError);
  const { code, message } = error as AnalyticsError; // just seen
  expect(REFUSALS).toContain(code);
  expect(message).not.toContain(ODD_CANARY);
}

test('many that are no array are refused as a whole', async () => {
  for (const items of [null, undefined, 5, new Set(), { length: 1 }]) {
    await expect(service.trackEvents(items as never)).rejects.toMatchObject({ code: 'VALIDATION_FAILED', issues: [expect.objectContaining({ path: 'items', allowed: 'an array' })] });
    await expect(service.trackMetrics(items as never)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  }
});

test('whatever a call is given, it answers or refuses it by a typed error, and the service goes on', async () => {
  const before = snapshotPrototypes();
  const seen = { answered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(call, async ([name, given]) => {
      const method = service[name] as (this: AnalyticsService, given: unknown) => Promise<unknown>; // of those above
      try {
        const answer = await method.call(service, given);
        seen.answered += 1;
        if (name === 'trackEvents' || name === 'trackMetrics') for (const one of answer as { readonly error?: unknown }[]) if (one.error !== undefined) expectTyped(one.error);
      } catch (error) {
        seen.refused += 1;
        expectTyped(error);
      }
    }),
    { numRuns: hostileRuns('calls') },
  );
  expect(Math.min(seen.answered, seen.refused)).toBeGreaterThan(20);
  expect(snapshotPrototypes()).toEqual(before);
  expect([errors, unhandled]).toEqual([[], []]);
  expect(await service.getEvent('first')).toMatchObject({ id: 'first' });
}, HOSTILE_MS);
