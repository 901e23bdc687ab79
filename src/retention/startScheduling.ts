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
import { ScheduleWatch } from './ScheduleWatch.js';
import { takeTurn } from './takeTurn.js';
import { upsertSchedules } from './upsertSchedules.js';

const CLOSE_MS = 1000;
/** How often it is looked whether somebody is to be alarmed, and tried again what failed at the start. */
const ATTEND_MS = 2000;
/** For so long no other process declares schedules, or begins them anew. It is a few small writes. */
const TURN_MS = 1000;

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

  const watch = new ScheduleWatch({ redis, keys, queue, declared, intervalMs, logger, onError });
  let isDeclared = false;
  // A Redis that is full refuses it. That must not keep a process from starting which works off what fills it.
  const declare = async (): Promise<void> => {
    try {
      // Another process is at it: this one looks when it attends next.
      if (!(await takeTurn(redis, keys, TURN_MS))) return;
      await upsertSchedules(queue, declared);
      isDeclared = true;
    } catch (error) {
      logger.error('The schedules could not be declared; trying again. Has Redis room, and may this process write?', { error });
    }
  };
  await declare();
  const heartbeat = createHeartbeat({ redis, keys, role: 'scheduling', figures: () => ({ restarts: watch.restarts }) });
  await heartbeat.start();
  canaries.start();
  watch.start();
  logger.info('Scheduling', { count: declared.length, intervalMs });

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
        const watched = watch.close();
        endAttending();
        // A second each at most: what waits for a Redis that is away is left behind.
        await Promise.all([heartbeat.close(), Promise.race([Promise.allSettled([watched, canaries.close()]), sleep(CLOSE_MS, undefined, { ref: false })])]);
        await Promise.all([queue.close(), events.close()]);
        redis.disconnect();
      })();
      return closing;
    },
  };
};
