import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { eventIdAt, newBatchId } from '../../src/codec/batchId.js';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { DeadlineError } from '../../src/errors/DeadlineError.js';
import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import type { ServiceLink } from '../../src/lib/services/analytics/ServiceLink.js';
import { trackManyEvents } from '../../src/lib/services/analytics/trackMany.js';
import type { BatchOutcome } from '../../src/producer/batch.js';
import type { Settle } from '../../src/producer/Lane.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import { offGuard } from '../../src/security/guard/offGuard.js';
import { built } from '../support/built.js';
import { runProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const DAY_MS = 86_400_000;
const encryptionKey = randomBytes(32).toString('base64');
const program = built('test/exactlyOnce/programs/trackAgain.ts');

let redis: TestRedis;
let service: AnalyticsService;
beforeEach(async () => {
  redis = await startRedis();
  service = new AnalyticsService({ redisUrl: redis.url, encryptionKey, deadlineMs: 2000 });
  await service.trackEvent({ type: EventType.CUSTOM, id: 'before' });
});
afterEach(async () => {
  await service.close();
  await redis.stop();
});

/** The id that a call ends with which is not answered in time, though it is done later. */
async function trackInDoubt(id?: string): Promise<string> {
  await redis.kill('SIGSTOP');
  const error: unknown = await service.trackEvent({ type: EventType.CUSTOM, ...(id === undefined ? {} : { id }) }).catch((reason: unknown) => reason);
  await redis.kill('SIGCONT');
  expect(error).toBeInstanceOf(DeadlineError);
  return (error as DeadlineError).id!;
}
async function trackElsewhere(id: string, timestamp = Date.now()): Promise<string> {
  const other = runProgram([program, redis.url, encryptionKey, id, String(timestamp)], {});
  const output = await other.waitFor(/answered (\S+)\n/);
  expect(await other.ended()).toBe(0);
  return /answered (\S+)\n/.exec(output)![1]!;
}
const storedIds = async () => {
  await service.processEvents();
  return (await service.getEvents({ type: EventType.CUSTOM })).map((event) => event.id).sort();
};

describe.each([
  ['an id of the service', undefined],
  ['an id of the caller', 'mine'],
])('a call with %s that ended with a deadline error', (_, given) => {
  it('is stored once when this process and another repeat it, each with another time, and all are answered with the same id', async () => {
    const id = await trackInDoubt(given);
    if (given !== undefined) expect(id).toBe(given);
    expect(await Promise.all([trackElsewhere(id, Date.now() - 2 * DAY_MS), service.trackEvent({ type: EventType.CUSTOM, id, timestamp: Date.now() - 3_600_000 })])).toEqual([id, id]);
    expect(await storedIds()).toEqual([id, 'before'].sort());
    // And once it is stored, by a service that never heard of it.
    const other = new AnalyticsService({ redisUrl: redis.url, encryptionKey });
    expect(await other.trackEvent({ type: EventType.CUSTOM, id })).toBe(id);
    await other.close();
    expect(await service.trackEvent({ type: EventType.CUSTOM, id })).toBe(id);
    expect(await storedIds()).toEqual([id, 'before'].sort());
  });
});

describe('a bulk call', () => {
  it('fails by item: one that is refused, one that is repeated and one that is new', async () => {
    const results = await service.trackEvents([
      { type: EventType.CUSTOM, id: 'new' },
      { type: EventType.CUSTOM, userId: 'x'.repeat(1000) },
      { type: EventType.CUSTOM, id: 'before' },
    ]);
    expect(results).toMatchObject([{ ok: true, id: 'new' }, { ok: false, error: { code: 'VALIDATION_FAILED' } }, { ok: true, id: 'before' }]);
    expect(await storedIds()).toEqual(['before', 'new']);
  });

  it('ends with a deadline error for what is in doubt alone, which names the id to repeat it with', async () => {
    const types = createEventTypes();
    const items = [{ id: 'fine' }, { userId: 7 }, { id: 'in doubt', priority: 'critical' }, { priority: 'critical' }, {}];
    const batchId = newBatchId(0);
    const outcomeOf = (priority: string): BatchOutcome => (priority === 'critical' ? { kind: 'unknown' } : { kind: 'acknowledged' });
    let place = 0;
    // A link whose CRITICAL lane has no answer.
    const link = {
      events: { add: (priority: string, _: unknown, settle: Settle) => settle({ batchId, place: place++, outcome: outcomeOf(priority) }) },
    } as unknown as ServiceLink; // all that a bulk call asks of it
    const results = await trackManyEvents({
      items,
      normalize: (item) => normalizeEvent({ type: 'custom', ...item }, { types, guard: offGuard, now: Date.now() }),
      open: async () => Promise.resolve(link),
      failureOf: ({ kind }, id) => (kind === 'unknown' ? new DeadlineError('trackEvents', 1, id) : undefined),
      deadlineMs: 1000,
    });
    expect(results).toMatchObject([
      { ok: true, id: 'fine' },
      { ok: false, error: { code: 'VALIDATION_FAILED' } },
      { ok: false, error: { code: 'DEADLINE_EXCEEDED', id: 'in doubt' } },
      { ok: false, error: { code: 'DEADLINE_EXCEEDED', id: eventIdAt(batchId, 2) } },
      { ok: true, id: eventIdAt(batchId, 3) },
    ]);
  });
});
