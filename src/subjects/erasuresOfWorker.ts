import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { AccessGate } from '../access/AccessGate.js';
import { application } from '../access/Principal.js';
import { openAuditLog } from '../audit/openAuditLog.js';
import { eventTypes } from '../contract/defineEventType.js';
import { KeyError } from '../errors/KeyError.js';
import type { ProcessorContext } from '../ingestion/processorContext.js';
import { backupsOf } from './backupsOf.js';
import { createSubjectGate } from './createSubjectGate.js';
import { createSubjects } from './createSubjects.js';
import { resumeErasures, type ResumeReport } from './resumeErasures.js';
import { unfinishedRequests } from './ErasureRequest.js';
import type { SubjectContext } from './SubjectContext.js';

/** Share of a job's deadline after which an erasure is left to the next job. */
const SHARE = 0.8;

/** What a worker does about erasures that are not done: goes on with them, as long as one of its jobs may take. */
export async function erasuresOfWorker({ redis, keys, keyRing, config, logger }: ProcessorContext, signal: AbortSignal): Promise<ResumeReport> {
  if ((await unfinishedRequests({ redis, keys })).length === 0) return { finished: 0, left: 0 };
  const secrets = keyRing.reading;
  if (secrets === undefined) throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot erase. Set ANALYTICS_ENCRYPTION_KEY.');
  const onError = (error: Error): void => logger.warn('An erasure met an error', { error });
  const events = createQueue(queuePlaces(keys).events, redis);
  const metrics = createQueue(queuePlaces(keys).metrics, redis);
  for (const queue of [events, metrics]) queue.on('error', onError);
  const audit = openAuditLog(config, { redis, keys, keyRing, onError });
  const late = AbortSignal.any([signal, AbortSignal.timeout(SHARE * config.ANALYTICS_MAINTENANCE_DEADLINE_MS)]);
  try {
    const parts = { redis, keys, keyRing, secrets };
    const context: SubjectContext = {
      ...parts,
      events,
      metrics,
      spoolDir: config.ANALYTICS_SPOOL_DIR,
      backups: backupsOf(config, parts),
      classesOf: (type) => eventTypes.classesOf(type),
      now: Date.now,
    };
    const gate = createSubjectGate(new AccessGate(audit, onError), application);
    const subjects = createSubjects({ context, by: { subject: 'application', via: 'application' }, gate, wakeWorker: async () => Promise.resolve(), signal: late });
    return await resumeErasures(context, subjects, late);
  } finally {
    await audit.close();
    await Promise.all([events.close(), metrics.close()]);
  }
}
