import type { Logger } from '../../logging/createLogger.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { emergencyEnds, forgetEmergencies } from './Emergencies.js';

const DAY_MS = 86_400_000;
/** How long one that ended is listed. */
const KEPT_MS = 30 * DAY_MS;

/**
 * The alarm: says that somebody has opened data in an emergency, and when that ended. It names the access and not the person,
 * whom the audit log has.
 * @returns looks once; to be called every few seconds
 */
export function watchEmergencies(redis: RedisClient, keys: Keys, logger: Logger): () => Promise<void> {
  const seen = new Set<string>();
  const ended = new Set<string>();
  let isFirst = true;
  return async () => {
    const now = Date.now();
    if (isFirst) await forgetEmergencies(redis, keys, now - KEPT_MS);
    for (const [id, endsAt] of await emergencyEnds(redis, keys)) {
      const isOpen = endsAt > now;
      // One that was over before this process began to look has been told of by another; one that came and went between two looks has not.
      const isTold = isFirst && !isOpen;
      if (!seen.has(id)) {
        seen.add(id);
        if (!isTold) logger.error('ALARM: somebody has opened data in an emergency. Look it up: npm run emergency -- list', { session: id, durationMs: Math.max(0, endsAt - now) });
      }
      if (!isOpen && !ended.has(id)) {
        ended.add(id);
        if (!isTold) logger.warn('An emergency access has ended. Review what was read: npm run audit -- seen-by', { session: id });
      }
    }
    isFirst = false;
  };
}
