import { queuePlaces, type QueueTitle } from '../../queues/names.js';
import { createHeartbeat } from '../monitoring/Heartbeat.js';
import { createLineRelay } from '../logging/createLogger.js';
import type { StartRole } from '../processes/Runtime.js';
import { connect } from '../redis/connect.js';
import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import { closeWorker } from './closeWorker.js';
import { createProcessingCounters } from './createProcessingCounters.js';
import type { ChildEvent } from './children/ChildPoolOptions.js';
import { sumChildFigures } from './children/sumChildFigures.js';
import { createSupervisedWorker, processorFile } from './createWorker.js';
import { WedgeWatch, type WatchedWorker } from './WedgeWatch.js';

const processors: Readonly<Record<QueueTitle, string>> = {
  events: 'persistEvents',
  metrics: 'persistMetrics',
  maintenance: 'maintain',
};

/** A child takes a third of a second to start, and ten times that on a busy machine: too long for events that wait. */
const SPARE: Readonly<Record<QueueTitle, number>> = { events: 1, metrics: 0, maintenance: 0 };

/** Batches take milliseconds. One that takes so long does not end by itself, and may have a processor to itself. */
const LOWER_AFTER_MS = 1000;

const childSentences: Readonly<Record<ChildEvent['kind'], string>> = {
  crashed: 'A child ended by itself; another takes its place',
  killed: 'A child was killed: its job did not end when it was told to',
  startFailed: 'A child could not be started; trying again',
  recycled: 'A child was replaced by a new one',
};
const childLevels = { crashed: 'error', killed: 'error', startFailed: 'error', recycled: 'debug' } as const;

/** The role `processing`: one worker per queue, each job in a child of its own that is watched over. */
export const startProcessing: StartRole = async ({ config, logger, keys, keyRing, endBroken }) => {
  const onError = (error: Error): void => logger.warn('A worker met an error', { error });
  const redis = connect(config, 'patient', 'analytics-processing', onError);
  await checkKeyIdentity(redis, keys, keyRing);

  // A process and its children have one allowance of lines.
  const relayLine = createLineRelay(config);
  const counters = createProcessingCounters();
  const places = queuePlaces(keys);
  const watched: WatchedWorker[] = [];
  const workers = Object.values(places).map((place) => {
    const concurrency = place.title === 'events' ? config.ANALYTICS_CONCURRENCY : 1;
    const deadlineMs = place.title === 'maintenance' ? config.ANALYTICS_MAINTENANCE_DEADLINE_MS : config.ANALYTICS_JOB_DEADLINE_MS;
    const worker = createSupervisedWorker({
      place,
      processor: processorFile(processors[place.title]),
      connection: redis,
      concurrency,
      limits: {
        deadlineMs,
        jobs: config.ANALYTICS_CHILD_JOBS,
        memory: config.ANALYTICS_CHILD_MEMORY_MB * 2 ** 20,
        spare: SPARE[place.title],
        // What looks after the store takes long, and is to get done.
        ...(place.title !== 'maintenance' && { lowerAfterMs: LOWER_AFTER_MS }),
      },
      onChild: ({ kind, jobs, ...fields }) => logger[childLevels[kind]](childSentences[kind], { queue: place.title, ...fields, count: jobs }),
      onLine: relayLine,
      onError,
    });
    counters.watch(worker, place.title, ({ jobId, code, attempt }) =>
      logger.warn('A job failed', { queue: place.title, jobId, code, attempt }),
    );
    watched.push({ worker, place, concurrency, deadlineMs, startMs: worker.children.startMs });
    return worker;
  });
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  for (const worker of workers) void worker.run().catch(onError);
  const heartbeat = createHeartbeat({ redis, keys, role: 'processing', figures: () => ({ ...counters.figures(), ...sumChildFigures(workers.map(({ children }) => children.figures())) }) });
  await heartbeat.start();
  const watchRedis = connect(config, 'failFast', 'analytics-watch', () => undefined);
  const watch = new WedgeWatch({
    redis: watchRedis,
    keys,
    workers: watched,
    onWedged: (wedge) => endBroken?.('Jobs wait and this worker takes none, though Redis answers. It ends, to be started again', { ...wedge }),
  });
  if (endBroken !== undefined) watch.start();
  logger.info('Processing', { concurrency: config.ANALYTICS_CONCURRENCY });

  let closing: Promise<void> | undefined;
  return {
    close() {
      closing ??= (async () => {
        watch.close();
        watchRedis.disconnect();
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
