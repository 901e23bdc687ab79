import { setTimeout as sleep } from 'node:timers/promises';

import { AnalyticsError } from '../errors/AnalyticsError.js';
import { DeadlineError } from '../errors/DeadlineError.js';
import type { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import type { ReplayEvent, ReplayRecords, ReplaySample } from './createReplayRecords.js';

/** `trackEvent` and `trackMetric` calls that wait for their answer at a time. */
const MOST_IN_FLIGHT = 1000;

export interface SentReplay {
  /** Every event that was acknowledged, or may have been, by its id. */
  readonly events: ReadonlyMap<string, ReplayEvent>;
  readonly samples: readonly ReplaySample[];
  /** What was not sent: error code → calls. */
  readonly refused: ReadonlyMap<string, number>;
}

export interface SendOptions {
  /** Requests a second; Infinity for as fast as they are acknowledged. */
  readonly perSecond: number;
  /** Called with the number of requests sent so far. */
  readonly onProgress: (requests: number) => void;
}

/** Tracks every record, 1,000 calls in flight at most. Resolves when all of them were answered. */
export async function sendReplay(
  service: Pick<AnalyticsService, 'trackEvent' | 'trackMetric'>,
  records: Iterable<ReplayRecords>,
  { perSecond, onProgress }: SendOptions,
): Promise<SentReplay> {
  const events = new Map<string, ReplayEvent>();
  const samples: ReplaySample[] = [];
  const refused = new Map<string, number>();
  let inFlight = 0;
  let onRoom: (() => void) | undefined;
  const started = performance.now();
  let requests = 0;

  /** Starts a call once there is room for it. */
  async function call(track: () => Promise<void>): Promise<void> {
    await awaitFewerThan(MOST_IN_FLIGHT);
    inFlight += 1;
    void track()
      .catch((error: unknown) => {
        const code = error instanceof AnalyticsError ? error.code : 'UNKNOWN';
        refused.set(code, (refused.get(code) ?? 0) + 1);
      })
      .finally(() => {
        inFlight -= 1;
        onRoom?.();
      });
  }

  async function awaitFewerThan(calls: number): Promise<void> {
    while (inFlight >= calls) await new Promise<void>((resolve) => (onRoom = resolve));
  }

  for (const { events: ofRequest, sample } of records) {
    const dueInMs = started + (requests / perSecond) * 1000 - performance.now();
    if (dueInMs > 1) await sleep(dueInMs);
    for (const event of ofRequest) {
      await call(async () => void events.set(await idOf(service.trackEvent(event)), event));
    }
    await call(async () => {
      await service.trackMetric(sample);
      samples.push(sample);
    });
    requests += 1;
    onProgress(requests);
  }
  await awaitFewerThan(1);
  return { events, samples, refused };
}

/** A call that met its deadline is still on its way under its id, so its event counts as sent. */
async function idOf(tracked: Promise<string>): Promise<string> {
  try {
    return await tracked;
  } catch (error) {
    if (error instanceof DeadlineError && error.id !== undefined) return error.id;
    throw error;
  }
}
