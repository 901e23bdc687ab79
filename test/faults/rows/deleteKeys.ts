import { readCleanupStatus } from '../../../src/retention/cleanupStatus.js';
import { timed } from '../scene/timed.js';
import type { FaultRow } from './FaultRow.js';
import { flows } from './redis.js';

/** As a Redis does that throws out keys: jobs that are at work look as if their workers were gone, and run twice. */
export const deleteLocks: FaultRow = {
  id: 'delete-locks',
  what: 'the locks of all active jobs are deleted, again and again for 4 s',
  parts: ['redis'],
  async run(strike) {
    const { scene, last, note } = strike;
    let deleted = 0;
    for (let round = 0; round < 80; round += 1) {
      for (const queue of [scene.queues.events, scene.queues.metrics]) {
        const ids = await scene.client.lrange(queue.toKey('active'), 0, -1);
        if (ids.length > 0) deleted += await scene.client.del(ids.map((id) => `${queue.toKey(id)}:lock`));
      }
      await last(50);
    }
    note('locks', deleted);
    await flows(strike);
  },
};

/** Intervals of the clean-up until it has run again: two until it is missed, one until that is seen, one until it runs. */
const INTERVALS = 4;

export const deleteSchedules: FaultRow = {
  id: 'delete-schedules',
  what: 'what BullMQ knows of the schedules of merge and clean-up is deleted',
  parts: ['redis'],
  async run({ scene, took }) {
    const { client, keys, queues, config } = scene;
    const prefix = queues.maintenance.toKey('repeat');
    const pending = await client.zrange(queues.maintenance.toKey('delayed'), '0', '-1');
    const schedulers = await client.zrange(prefix, '0', '-1');
    await client.del(prefix, queues.maintenance.toKey('delayed'), ...schedulers.map((id) => `${prefix}:${id}`), ...pending.map((id) => queues.maintenance.toKey(id)));
    const deletedAt = Date.now();
    const most = INTERVALS * config.ANALYTICS_CLEANUP_INTERVAL;
    // One that had begun may still finish; the next one tells that the schedule is there again.
    const isAgain = async (): Promise<boolean> => ((await readCleanupStatus(client, keys))?.finishedAt ?? 0) > deletedAt + config.ANALYTICS_CLEANUP_INTERVAL;
    took('a clean-up finished', await timed(isAgain, most * 3), most);
  },
};
