import { queuePlaces, type QueueTitle } from '../../queues/names.js';
import { createHeartbeat } from '../monitoring/Heartbeat.js';
import type { StartRole } from '../processes/Runtime.js';
import { connect } from '../redis/connect.js';
import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import { createWorker, processorFile } from './createWorker.js';

const processors: Readonly<Record<QueueTitle, string>> = {
  events: 'persistEvents',
  metrics: 'persistMetrics',
  maintenance: 'cleanUp',
};

/** The role `processing`: one worker per queue, each job in a sandboxed child. */
export const startProcessing: StartRole = async ({ config, logger, keys, keyRing }) => {
  const onError = (error: Error): void => logger.warn('A worker met an error', { error });
  const redis = connect(config.REDIS_URL, 'patient', 'analytics-processing', onError);
  await checkKeyIdentity(redis, keys, keyRing);

  const figures = { completed: 0, failed: 0, stored: 0, duplicates: 0, expired: 0, processingMs: 0 };
  const places = queuePlaces(keys);
  const workers = Object.values(places).map((place) => {
    const worker = createWorker({
      place,
      processor: processorFile(processors[place.title as QueueTitle]),
      connection: redis,
      concurrency: place.title === 'events' ? config.ANALYTICS_CONCURRENCY : 1,
      onError,
    });
    worker.on('completed', (job, result: { stored?: number; duplicates?: number; expired?: number } | undefined) => {
      figures.completed += 1;
      figures.stored += result?.stored ?? 0;
      figures.duplicates += result?.duplicates ?? 0;
      figures.expired += result?.expired ?? 0;
      figures.processingMs += (job.finishedOn ?? 0) - (job.processedOn ?? 0);
    });
    worker.on('failed', (job, error) => {
      figures.failed += 1;
      // The message is one of ours (see jobFailure), and still only its code is logged.
      const code = /^[A-Z_]+/.exec(error.message)?.[0] ?? 'JOB_FAILED';
      logger.warn('A job failed', { queue: place.title, jobId: job?.id, code, attempt: job?.attemptsMade });
    });
    return worker;
  });
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  for (const worker of workers) void worker.run().catch(onError);
  const heartbeat = createHeartbeat({ redis, keys, role: 'processing', figures: () => figures });
  await heartbeat.start();
  logger.info('Processing', { concurrency: config.ANALYTICS_CONCURRENCY });

  let closing: Promise<void> | undefined;
  return {
    close() {
      closing ??= (async () => {
        await Promise.all(workers.map((worker) => worker.close()));
        await heartbeat.close();
        redis.disconnect();
      })();
      return closing;
    },
  };
};
