import { setTimeout as sleep } from 'node:timers/promises';

import { placeVariable } from '../config/redisPlace.js';
import { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import type { Runtime, RunningRole } from '../processes/Runtime.js';
import { createDemoVisitors } from './demoVisitors.js';

/** Events a second: enough to see things move, and too few to be felt. */
const EVENTS_PER_SECOND = 20;
const METRICS_EVERY_MS = 1000;

/**
 * Sends a steady, synthetic stream of a therapy application through the SDK until it is closed, so that a newcomer sees
 * events, metrics and live messages at once. Users are `demo-user-1` to `demo-user-12`.
 */
export async function startDemo({ config, logger }: Runtime): Promise<RunningRole> {
  const service = new AnalyticsService({
    // A cluster or sentinels are in the environment, which the service reads too.
    ...(placeVariable(config) === 'REDIS_URL' && { redisUrl: config.REDIS_URL }),
    redisPrefix: config.REDIS_PREFIX,
    dataDir: config.ANALYTICS_DATA_DIR,
  });
  const visitors = createDemoVisitors(Math.random);
  const stop = new AbortController();
  let refused = 0;

  function count(error: unknown): void {
    refused += 1;
    // The first, and then one in a thousand: a Redis that is away would fill the log.
    if (refused % 1000 === 1) logger.warn('The demo could not send', { count: refused, error });
  }

  async function repeat(everyMs: number, send: () => Promise<unknown>): Promise<void> {
    while (!stop.signal.aborted) {
      send().catch(count);
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined); // Closed: the loop ends.
    }
  }

  const running = Promise.all([
    repeat(1000 / EVENTS_PER_SECOND, () => service.trackEvent(visitors.nextEvent())),
    repeat(METRICS_EVERY_MS, () => Promise.all(visitors.nextMetrics().map((metric) => service.trackMetric(metric)))),
  ]);

  let closing: Promise<void> | undefined;
  return {
    close() {
      closing ??= (async () => {
        stop.abort();
        await running;
        await service.close({ timeoutMs: config.ANALYTICS_DEADLINE_MS });
      })();
      return closing;
    },
  };
}
