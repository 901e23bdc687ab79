import type { Processor } from 'bullmq';

import { queuePlaces } from '../../../../queues/names.js';
import type { Config } from '../../../config/parseConfig.js';
import { configuredIngestion } from '../../../ingestion/createIngestion.js';
import { jobFailure } from '../../../ingestion/jobFailure.js';
import { closeWorker } from '../../../processing/closeWorker.js';
import { createWorker } from '../../../processing/createWorker.js';
import { connect } from '../../../redis/connect.js';
import { keysOf } from '../../../redis/keys.js';
import { checkKeyIdentity } from '../../../security/checkKeyIdentity.js';
import { loadKeyRing } from '../../../security/loadKeyRing.js';

/** Jobs that the application works on at a time: a batch keeps one core busy, and the application wants some of it. */
const CONCURRENCY = 1;

/** A worker in the application's own process, for the option `worker: true`. */
export interface InProcessWorker {
  /** Finishes the job it has, at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Starts it; resolves once it works. Waits for Redis as long as that takes.
 * @param signal lets go of Redis when aborted: a worker that has not started by then never does
 */
export async function startInProcessWorker(config: Config, signal: AbortSignal, onError: (error: Error) => void): Promise<InProcessWorker> {
  const keys = keysOf(config);
  const keyRing = await loadKeyRing(config);
  signal.throwIfAborted();
  const redis = connect(config, 'patient', 'analytics-service-worker', onError);
  signal.addEventListener('abort', () => redis.disconnect(), { once: true });
  const places = queuePlaces(keys);
  const start = (title: 'events' | 'metrics', ingest: (jobId: string, data: unknown) => Promise<unknown>) => {
    const processor: Processor = async (job) => {
      try {
        return await ingest(job.id ?? '', job.data);
      } catch (error) {
        throw jobFailure(error);
      }
    };
    return createWorker({ place: places[title], processor, connection: redis, concurrency: CONCURRENCY, onError });
  };
  try {
    await checkKeyIdentity(redis, keys, keyRing);
    signal.throwIfAborted();
    const ingestion = configuredIngestion(config, { redis, keys, keyRing });
    const workers = [start('events', ingestion.events), start('metrics', ingestion.metrics)];
    for (const worker of workers) void worker.run().catch(onError);
    return {
      async close(timeoutMs) {
        await Promise.all(workers.map((worker) => closeWorker(worker, timeoutMs)));
        redis.disconnect();
        keyRing.reading?.dataKeys.close();
      },
    };
  } catch (error) {
    redis.disconnect();
    keyRing.reading?.dataKeys.close();
    throw error;
  }
}
