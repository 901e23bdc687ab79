import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { DeadlineError } from '../../src/errors/DeadlineError.js';
import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { runProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const DAY_MS = 86_400_000;
const encryptionKey = randomBytes(32).toString('base64');
const program = fileURLToPath(new URL('programs/trackAgain.ts', import.meta.url));

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
  const other = runProgram(['--import', 'tsx', program, redis.url, encryptionKey, id, String(timestamp)], {});
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
    // And once it is stored.
    expect(await trackElsewhere(id)).toBe(id);
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
});
