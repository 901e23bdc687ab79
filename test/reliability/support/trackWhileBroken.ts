import { randomBytes } from 'node:crypto';

import { expect } from '@jest/globals';

import { EventType, type AnalyticsService } from '../../../src/lib/services/analytics/AnalyticsService.js';
import { until } from '../../support/program.js';
import type { TestRedis } from '../../support/redis.js';

const MOST_MS = 20_000;

export interface Outcome {
  /** What a call ended with while Redis could not write; undefined when none did. */
  readonly refusal: unknown;
  readonly isTakenAgain: boolean;
  /** Acknowledged, and not stored once Redis has started anew. */
  readonly missing: readonly string[];
}

/** Tracks before, while and after Redis cannot write, and starts it anew in the end. */
export async function trackWhileBroken(service: AnalyticsService, server: TestRedis, disk: { breakDown(): void; mend(): void }): Promise<Outcome> {
  const acknowledged: string[] = [];
  const track = async (): Promise<unknown> => {
    try {
      acknowledged.push(await service.trackEvent({ type: EventType.CUSTOM, properties: { text: randomBytes(200).toString('hex') } }));
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const isTaken = async (): Promise<boolean> => (await track()) === undefined;
  await until(isTaken);
  disk.breakDown();
  let refusal: unknown;
  // Redis notices at the write that fails, and refuses from the next one on.
  await until(async () => {
    refusal = (await Promise.all(Array.from({ length: 10 }, track))).find((error) => error !== undefined);
    return refusal !== undefined;
  }, MOST_MS);
  disk.mend();
  const isTakenAgain = await until(isTaken, MOST_MS);
  // What Redis says that it has, it has on disk too.
  await service.flush();
  await server.restart();
  const missing = new Set(acknowledged);
  await until(async () => {
    await service.processEvents().catch(() => undefined);
    for (const { id } of await service.getEvents({ type: EventType.CUSTOM, limit: 10_000 }).catch(() => [])) missing.delete(id);
    return missing.size === 0;
  }, MOST_MS);
  return { refusal, isTakenAgain, missing: [...missing] };
}

/** What has to come of it. */
export const nothingLost = {
  refusal: expect.objectContaining({ code: expect.stringMatching(/^(REDIS_UNAVAILABLE|DEADLINE_EXCEEDED)$/) }),
  isTakenAgain: true,
  missing: [],
};
