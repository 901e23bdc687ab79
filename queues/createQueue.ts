import { Queue, type DefaultJobOptions } from 'bullmq';
import type { Redis } from 'ioredis';

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

/** A queue over a connection that the caller opened and closes. */
export function createQueue(place: QueuePlace, connection: Redis): Queue {
  const queue = new Queue(place.name, {
    connection,
    prefix: place.prefix,
    defaultJobOptions: jobOptions,
    streams: { events: { maxLen: EVENT_STREAM_LENGTH } },
    skipVersionCheck: true,
  });
  return queue;
}
