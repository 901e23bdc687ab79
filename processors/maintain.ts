import { jobs } from '../queues/jobs.js';
import { packAudit, trimAudit } from '../src/audit/upkeep/upkeepAudit.js';
import { AnalyticsError } from '../src/errors/AnalyticsError.js';
import { jobFailure } from '../src/ingestion/jobFailure.js';
import { processorContext } from '../src/ingestion/processorContext.js';
import { mergeAll } from '../src/merging/mergeAll.js';
import type { MergeReport } from '../src/merging/mergeStatus.js';
import type { ChildJob } from '../src/processing/children/messages.js';
import { lookAfterSeals } from '../src/rekeying/lookAfterSeals.js';
import { rekeyStore } from '../src/rekeying/rekeyStore.js';
import type { RekeyReport } from '../src/rekeying/rekeyStatus.js';
import type { ScrubReport } from '../src/rekeying/scrubStatus.js';
import { cleanUp, cleanupLimits } from '../src/retention/cleanUp.js';
import type { CleanupReport } from '../src/retention/cleanupStatus.js';
import { erasuresOfWorker } from '../src/subjects/erasuresOfWorker.js';
import type { ResumeReport } from '../src/subjects/resumeErasures.js';

/** What a merge takes at most, since a clean-up may wait for it. What it leaves is for the next one. */
const MOST_MERGE_MS = 20_000;
/** A rotation is rare, and somebody waits for it. */
const MOST_REKEY_MS = 60_000;

type Report = CleanupReport | MergeReport | ResumeReport | RekeyReport | ScrubReport;

/**
 * Looks after the store: removes what is older than its retention, merges small chunks, goes on with erasures, rotates keys,
 * opens what is stored. All are safe to run again.
 */
export default async function maintain(job: ChildJob, _token: string | undefined, signal: AbortSignal): Promise<Report> {
  const { cleanup, merge, erase, scrub, rekey } = jobs.maintenance;
  try {
    const context = await processorContext();
    const { redis, keys, keyRing, config, logger } = context;
    const store = { redis, keys, secrets: keyRing.reading };
    switch (job.name) {
      case cleanup.name:
        cleanup.payload.parse(job.data);
        try {
          return await cleanUp({ redis, keys, dataKeys: keyRing.reading?.dataKeys }, cleanupLimits(config));
        } finally {
          await trimAudit(context, config);
        }
      case merge.name:
        merge.payload.parse(job.data);
        try {
          return await mergeAll(store, { signal, mostMs: MOST_MERGE_MS, metricRetentionDays: config.ANALYTICS_RETENTION_DAYS });
        } finally {
          await packAudit(context, signal);
        }
      case erase.name:
        erase.payload.parse(job.data);
        return await erasuresOfWorker(context, signal);
      case scrub.name:
        scrub.payload.parse(job.data);
        return await lookAfterSeals(store, { signal, intervalMs: config.ANALYTICS_SCRUB_INTERVAL, logger });
      case rekey.name:
        return await rekeyStore(store, rekey.payload.parse(job.data).work, { signal, mostMs: MOST_REKEY_MS });
      default:
        throw new AnalyticsError('INTERNAL', 'The maintenance queue holds a job of a name that this version does not know.');
    }
  } catch (error) {
    throw jobFailure(error);
  }
}
