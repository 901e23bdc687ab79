import type { Logger } from '../logging/createLogger.js';
import { rekeyStore, type RekeyContext } from './rekeyStore.js';
import { readRekeyStatus } from './rekeyStatus.js';
import type { ScrubReport } from './scrubStatus.js';
import { scrubStore } from './scrubStore.js';

export interface SealLimits {
  readonly signal: AbortSignal;
  readonly intervalMs: number;
  readonly logger: Pick<Logger, 'error'>;
}

/** What each takes at most: merges and clean-ups wait for it. */
const MOST_MS = 15_000;

/** Goes on with a rotation that is not complete, then with opening what is stored. Logs what does not open. */
export async function lookAfterSeals(context: RekeyContext, { signal, intervalMs, logger }: SealLimits): Promise<ScrubReport> {
  const last = (await readRekeyStatus(context.redis, context.keys))?.report;
  if (last?.isComplete === false) await rekeyStore(context, last.work, { signal, mostMs: MOST_MS });
  const report = await scrubStore(context, { signal, mostMs: MOST_MS, intervalMs });
  if (report.found > 0) logger.error('Chunks were found that do not open; "npm run keys -- scrub" names them', { count: report.found });
  return report;
}
