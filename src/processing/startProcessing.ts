import { queuePlaces, type QueueTitle } from '../../queues/names.js';
import { createHeartbeat } from '../monitoring/Heartbeat.js';
import type { StartRole } from '../processes/Runtime.js';
import { connect } from '../redis/connect.js';
import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import { closeWorker } from './closeWorker.js';
import { createProcessingCounters } from './createProcessingCounters.js';
import { createWorker, processorFile } from './createWorker.js';

const processors: Readonly<Record<QueueTitle, string>> = {
  events: 'persistEvents',
  metrics: 'persistMetrics',
  maintenance: 'maintain',
};

/** The role `processing`: one worker per queue, each job in a sandboxed child. */
export const startProcessing: StartRole = async ({ config, logger, keys, keyRing }) => {
  const onError = (error: Error): void => logger.warn('A worker met an error', { error });
  const redis = connect(config.REDIS_URL, 'patient', 'analytics-processing', onError);
  await checkKeyIdentity(redis, keys, keyRing);

  const counters = createProcessingCounters();
  const places = queuePlaces(keys);
  const workers = Object.values(places).map((place) => {
    const worker = createWorker({
      place,
      processor: processorFile(processors[place.title]),
      connection: redis,
      concurrency: place.title === 'events' ? config.ANALYTICS_CONCURRENCY : 1,
      onError,
    });
    counters.watch(worker, place.title, ({ jobId, code, attempt }) =>
      logger.warn('A job failed', { queue: place.title, jobId, code, attempt }),
    );
    return worker;
  });
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  for (const worker of workers) void worker.run().catch(onError);
  const heartbeat = createHeartbeat({ redis, keys, role: 'processing', figures: counters.figures });
  await heartbeat.start();
  logger.info('Processing', { concurrency: config.ANALYTICS_CONCURRENCY });

  let closing: Promise<void> | undefined;
  return {
    close() {
      closing ??= (async () => {
        // A merge may have 20 s of work before it; told so, it ends after the swap that it is at.
        workers.find(({ name }) => name === places.maintenance.name)?.cancelAllJobs();
        await Promise.all(workers.map((worker) => closeWorker(worker, config.ANALYTICS_SHUTDOWN_MS / 2)));
        await heartbeat.close();
        redis.disconnect();
      })();
      return closing;
    },
  };
};
