import type { Logger } from '../../logging/createLogger.js';
import type { Emergencies } from './Emergencies.js';

const DAY_MS = 86_400_000;
/** How long one that ended is listed. */
const KEPT_MS = 30 * DAY_MS;

/**
 * The alarm: says that somebody has opened data in an emergency, and when that ended. It names the access and not the person,
 * whom the audit log has.
 * @returns looks once; to be called every few seconds
 */
export function watchEmergencies(emergencies: Pick<Emergencies, 'list' | 'forget'>, logger: Logger): () => Promise<void> {
  const open = new Set<string>();
  const ended = new Set<string>();
  let isFirst = true;
  return async () => {
    const now = Date.now();
    if (isFirst) await emergencies.forget(now - KEPT_MS);
    for (const { id, endsAt, startedAt, isDrill } of await emergencies.list()) {
      const fields = { session: id, drill: isDrill, durationMs: endsAt - startedAt };
      if (endsAt > now && !open.has(id)) {
        open.add(id);
        logger.error('ALARM: somebody has opened data in an emergency. Look it up: npm run emergency -- list', fields);
      } else if (endsAt <= now && !ended.has(id)) {
        ended.add(id);
        // One that was over before this process looked has been told of by another.
        if (!isFirst) logger.warn('An emergency access has ended. Review what was read: npm run audit -- seen-by', fields);
      }
    }
    isFirst = false;
  };
}
