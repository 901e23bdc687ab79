import type { Queue } from 'bullmq';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import type { RedisConfig } from '../config/redisPlace.js';
import type { EventType } from '../contract/EventType.js';
import { connect } from '../redis/connect.js';
import { keysOf } from '../redis/keys.js';

/** How far the workers are. */
export interface PipelineState {
  /** Events of the watched types stored since the watch began, by whomever they were tracked. */
  readonly stored: number;
  /** Jobs that are waiting, being worked on, or put off for another attempt. */
  readonly unfinished: number;
  /** Jobs that failed for good. */
  readonly failed: number;
  /** Workers connected to the queue of events. */
  readonly workers: number;
}

export interface PipelineWatch {
  read(): Promise<PipelineState>;
  close(): Promise<void>;
}

/** Watches the queues and the store from outside. Opens a connection of its own; `close` ends it. */
export async function watchPipeline(
  config: RedisConfig & { readonly REDIS_PREFIX: string },
  types: readonly EventType[],
): Promise<PipelineWatch> {
  const keys = keysOf(config);
  const places = queuePlaces(keys);
  const redis = connect(config, 'patient', 'analytics-cli', () => undefined);
  const queues = [createQueue(places.events, redis), createQueue(places.metrics, redis)] as const;
  const storedBefore = await storedEver();

  async function storedEver(): Promise<number> {
    const offsets = await Promise.all(types.map((type) => redis.hget(keys.event(type).counts, 'offset')));
    return offsets.reduce((sum, offset) => sum + Number(offset ?? 0), 0);
  }

  return {
    async read() {
      // The queues first: a job that ends in between counts as unfinished, never as stored too early.
      const counts = await Promise.all(queues.map((queue) => countJobs(queue)));
      const workers = await queues[0].getWorkersCount();
      return {
        stored: (await storedEver()) - storedBefore,
        unfinished: counts.reduce((sum, { unfinished }) => sum + unfinished, 0),
        failed: counts.reduce((sum, { failed }) => sum + failed, 0),
        workers,
      };
    },
    async close() {
      await Promise.all(queues.map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}

async function countJobs(queue: Queue): Promise<{ unfinished: number; failed: number }> {
  const { failed = 0, ...unfinished } = await queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'failed');
  return { unfinished: Object.values(unfinished).reduce((sum, count) => sum + count, 0), failed };
}
