import { Queue, type DefaultJobOptions, type Job, type QueueOptions } from 'bullmq';

import type { RedisClient } from '../src/redis/RedisClient.js';
import type { ReplicaWaits } from '../src/redis/ReplicaWaits.js';
import type { QueuePlace } from './names.js';

/**
 * - attempts 8, exponential from 250 ms with jitter: a store that is away for half a minute costs no job.
 * - completed jobs go at once (1.4 kB each otherwise); failed ones stay until somebody decides: they hold events.
 * - no stack trace is kept: it would stand in Redis in clear.
 */
export const jobOptions: DefaultJobOptions = {
  attempts: 8,
  backoff: { type: 'exponential', delay: 250, jitter: 0.5 },
  removeOnComplete: true,
  removeOnFail: false,
  stackTraceLimit: 0,
};

/** Entries of BullMQ's own event stream: about four a job. */
const EVENT_STREAM_LENGTH = 10_000;

/** What a queue waits for. */
export interface QueueReplicas {
  readonly waits: ReplicaWaits;
  /** A key of the queue's slot. */
  readonly fence: string;
}

/**
 * A queue over a connection that the caller opened and closes.
 * @param replicas with it, a job counts as added once a replica has it too
 */
export function createQueue(place: QueuePlace, connection: RedisClient, replicas?: QueueReplicas): Queue {
  const options: QueueOptions = {
    connection,
    prefix: place.prefix,
    defaultJobOptions: jobOptions,
    streams: { events: { maxLen: EVENT_STREAM_LENGTH } },
    skipVersionCheck: true,
  };
  return replicas === undefined ? new Queue(place.name, options) : new ReplicatedQueue(place.name, options, replicas);
}

/** Jobs have ids of the caller's, so that adding one again, which waiting may need, changes nothing. */
class ReplicatedQueue extends Queue {
  readonly #replicas: QueueReplicas;

  constructor(name: string, options: QueueOptions, replicas: QueueReplicas) {
    super(name, options);
    this.#replicas = replicas;
  }

  override async add(...args: Parameters<Queue['add']>): Promise<Job> {
    const { waits, fence } = this.#replicas;
    return waits.replicated([fence], async () => super.add(...args));
  }
}
