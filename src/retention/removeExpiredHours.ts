import { hourOf } from '../codec/hours.js';
import type { SeriesKeys } from '../redis/keys.js';
import type { CleanupRun } from './CleanupRun.js';
import { runStep } from './runStep.js';

/** Fields looked at in one step: about 0.2 ms of Redis. */
const PAGE = 1000;
/** Hours of one step: one may have spread its absorbed ids over 256 fields, which takes 0.06 ms. */
const STEP = 20;

/** Forgets what merging keeps of hours that lie wholly before `oldestKept` (ms since 1970). */
export async function removeExpiredHours(run: CleanupRun, keys: SeriesKeys, oldestKept: number): Promise<void> {
  const firstKept = hourOf(oldestKept);
  const expired = new Set<number>();
  let cursor = '0';
  do {
    run.throwIfAborted();
    const [next, fields] = await run.redis.hscan(keys.counts, cursor, 'MATCH', 'm*', 'COUNT', PAGE);
    for (let place = 0; place < fields.length; place += 2) {
      const hour = Number(fields[place]!.slice(1));
      if (hour < firstKept) expired.add(hour);
    }
    cursor = next;
  } while (cursor !== '0');
  const hours = [...expired];
  for (let from = 0; from < hours.length; from += STEP) {
    run.throwIfAborted();
    await runStep(run.redis, 'removeExpiredHours', { keys: [keys.counts, keys.absorbed], args: hours.slice(from, from + STEP) });
  }
}
