import { setTimeout as sleep } from 'node:timers/promises';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { schedules } from '../../queues/schedules.js';
import { watchEmergencies } from '../access/emergency/watchEmergencies.js';
import { CanarySender } from '../monitoring/canary/CanarySender.js';
import { createHeartbeat } from '../monitoring/Heartbeat.js';
import type { StartRole } from '../processes/Runtime.js';
import { startRepeating } from '../processing/startRepeating.js';
import { connect } from '../redis/connect.js';
import { brokenSchedules } from './brokenSchedules.js';
import { readCleanupStatus } from './cleanupStatus.js';
import { restartSchedules, upsertSchedules } from './upsertSchedules.js';

/** The clean-up is overdue when none has finished for this many intervals. */
const OVERDUE_INTERVALS = 2;
const LONGEST_CHECK_MS = 60_000;
const CLOSE_MS = 1000;
/** How often it is looked whether somebody is to be alarmed, and tried again what failed at the start. */
const ATTEND_MS = 2000;

/** The role `scheduling`: declares what runs on a schedule, mends it when it stops, and sends canaries. Any number may run. */
export const startScheduling: StartRole = async ({ config, logger, keys, keyRing }) => {
  const onError = (error: Error): void => logger.warn('Scheduling met an error', { error });
  const redis = connect(config, 'patient', 'analytics-scheduling', onError);
  const places = queuePlaces(keys);
  const queue = createQueue(places.maintenance, redis);
  const events = createQueue(places.events, redis);
  for (const one of [queue, events]) one.on('error', onError);
  const canaries = new CanarySender({ redis, keys, keyRing, queue: events, onError });
  const declared = schedules(config);
  const intervalMs = config.ANALYTICS_CLEANUP_INTERVAL;

  let restarts = 0;
  // A clean-up that waits behind others is late but not lost, so time counts from the last restart too.
  let lastRestartAt = Date.now();
  // When a clean-up finished is told by the clock of whoever did it: one that is ahead would hide for as long that none follows. So
  // it counts when what it wrote was seen to change, by what has passed here.
  let finished: { readonly at: number | undefined } | undefined;
  let movedAt = performance.now();
  let isDeclared = false;
  // A Redis that is full refuses it. That must not keep a process from starting which works off what fills it.
  const declare = async (): Promise<void> => {
    try {
      await upsertSchedules(queue, declared);
      isDeclared = true;
    } catch (error) {
      logger.error('The schedules could not be declared; trying again. Has Redis room, and may this process write?', { error });
    }
  };
  await declare();
  const heartbeat = createHeartbeat({ redis, keys, role: 'scheduling', figures: () => ({ restarts }) });
  await heartbeat.start();
  canaries.start();
  logger.info('Scheduling', { count: declared.length, intervalMs });

  const check = async (): Promise<void> => {
    const at = (await readCleanupStatus(redis, keys))?.finishedAt;
    if (finished !== undefined && at !== finished.at) movedAt = performance.now();
    finished = { at };
    const ageMs = Math.round(performance.now() - movedAt);
    const isOverdue = ageMs > OVERDUE_INTERVALS * intervalMs && (await queue.getActiveCount()) === 0;
    const broken = await brokenSchedules(queue, declared, lastRestartAt);
    if (!isOverdue && broken.length === 0) return;
    if (isOverdue) logger.warn('No clean-up has finished for too long; the schedules begin anew. Is a worker running?', { ageMs, intervalMs });
    else logger.warn('A schedule has stopped; they begin anew', { count: broken.length });
    await restartSchedules(queue, declared);
    restarts += 1;
    lastRestartAt = Date.now();
    movedAt = performance.now();
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

  const look = watchEmergencies(redis, keys, logger);
  const attend = async (): Promise<void> => {
    if (!isDeclared) await declare();
    await look();
  };
  const endAttending = startRepeating(ATTEND_MS, attend, onError);

  let closing: Promise<void> | undefined;
  return {
    close() {
      closing ??= (async () => {
        clearInterval(timer);
        endAttending();
        // A second each at most: what waits for a Redis that is away is left behind.
        await Promise.all([heartbeat.close(), Promise.race([Promise.allSettled([checking, canaries.close()]), sleep(CLOSE_MS, undefined, { ref: false })])]);
        await Promise.all([queue.close(), events.close()]);
        redis.disconnect();
      })();
      return closing;
    },
  };
};
