import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { schedules } from '../../queues/schedules.js';
import { createHeartbeat } from '../monitoring/Heartbeat.js';
import type { StartRole } from '../processes/Runtime.js';
import { connect } from '../redis/connect.js';
import { readCleanupStatus } from './cleanupStatus.js';
import { restartSchedules, upsertSchedules } from './upsertSchedules.js';

/** The clean-up is overdue when none has finished for this many intervals. */
const OVERDUE_INTERVALS = 2;
const LONGEST_CHECK_MS = 60_000;

/** The role `scheduling`: declares what runs on a schedule, and mends it when it stops. Any number may run. */
export const startScheduling: StartRole = async ({ config, logger, keys }) => {
  const onError = (error: Error): void => logger.warn('Scheduling met an error', { error });
  const redis = connect(config.REDIS_URL, 'patient', 'analytics-scheduling', onError);
  const queue = createQueue(queuePlaces(keys).maintenance, redis);
  queue.on('error', onError);
  const declared = schedules(config);
  const intervalMs = config.ANALYTICS_CLEANUP_INTERVAL;

  let restarts = 0;
  // A clean-up that waits behind others is late but not lost, so time counts from the last restart too.
  let lastRestartAt = Date.now();
  await upsertSchedules(queue, declared);
  const heartbeat = createHeartbeat({ redis, keys, role: 'scheduling', figures: () => ({ restarts }) });
  await heartbeat.start();
  logger.info('Scheduling', { count: declared.length, intervalMs });

  const check = async (): Promise<void> => {
    const { finishedAt = 0 } = (await readCleanupStatus(redis, keys)) ?? {};
    const ageMs = Date.now() - Math.max(finishedAt, lastRestartAt);
    if (ageMs <= OVERDUE_INTERVALS * intervalMs || (await queue.getActiveCount()) > 0) return;
    logger.warn('No clean-up has finished for too long; its schedule begins anew. Is a worker running?', { ageMs, intervalMs });
    await restartSchedules(queue, declared);
    restarts += 1;
    lastRestartAt = Date.now();
  };
  let checking: Promise<void> | undefined;
  const timer = setInterval(
    () => {
      checking ??= check()
        .catch(onError)
        .finally(() => {
          checking = undefined;
        });
    },
    Math.min(intervalMs, LONGEST_CHECK_MS),
  );

  let closing: Promise<void> | undefined;
  return {
    close() {
      closing ??= (async () => {
        clearInterval(timer);
        await Promise.race([checking, heartbeat.close()]); // the heartbeat waits a second at most, and Redis may be away
        await queue.close();
        redis.disconnect();
      })();
      return closing;
    },
  };
};
