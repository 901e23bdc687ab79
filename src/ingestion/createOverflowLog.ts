import type { Logger } from '../logging/createLogger.js';

const EVERY_MS = 60_000;

/**
 * Says in the log that samples are left out because their metric has as many series as it may: once a minute at most, with
 * how many it were since the last line. A metric is named if its name is plain; any other stands in keys as a hash.
 *
 * @param now ms, of a clock that only goes forward
 */
export function createOverflowLog(logger: Pick<Logger, 'warn'>, now: () => number = () => performance.now()): (keyName: string, samples: number) => void {
  let saidAt = -Infinity;
  let dropped = 0;
  return (keyName, samples) => {
    dropped += samples;
    if (now() - saidAt < EVERY_MS) return;
    saidAt = now();
    logger.warn('Samples of new series are not stored: their metric has as many as ANALYTICS_SERIES_LIMIT allows', {
      dropped,
      ...(!keyName.startsWith('~') && { name: keyName }),
    });
    dropped = 0;
  };
}
