import type { Queue } from 'bullmq';

import { createQueue } from '../../../../queues/createQueue.js';
import { jobs } from '../../../../queues/jobs.js';
import { queuePlaces, type QueueTitle } from '../../../../queues/names.js';
import { METRIC_PRIORITY, type PriorityTable } from '../../../../queues/priorities.js';
import type { Config } from '../../../config/parseConfig.js';
import { EventPriority } from '../../../contract/EventPriority.js';
import { EventBatch } from '../../../producer/EventBatch.js';
import { createJobSender } from '../../../producer/JobSender.js';
import { MetricBatch, sampleBytes } from '../../../producer/MetricBatch.js';
import type { NormalizedEvent } from '../../../producer/normalizeEvent.js';
import type { NormalizedMetric } from '../../../producer/normalizeMetric.js';
import { Producer } from '../../../producer/Producer.js';
import { QueuePace } from '../../../producer/QueuePace.js';
import { connect } from '../../../redis/connect.js';
import { keysOf, type Keys } from '../../../redis/keys.js';
import type { RedisClient } from '../../../redis/RedisClient.js';
import { replicaWaitsOf } from '../../../redis/ReplicaWaits.js';
import { checkKeyIdentity } from '../../../security/checkKeyIdentity.js';
import type { KeyRing } from '../../../security/KeyRing.js';
import { loadKeyRing } from '../../../security/loadKeyRing.js';

export interface ServiceLinkOptions {
  readonly config: Config;
  readonly priorities: PriorityTable;
  readonly onError: (error: Error) => void;
}

/** What a service has open once it has met Redis. Made at the first call, closed with the service. */
export interface ServiceLink {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  readonly events: Producer<NormalizedEvent, EventPriority>;
  readonly metrics: Producer<NormalizedMetric, 'metrics'>;
  /** Gives up what was not answered, and closes what was opened. */
  close(): Promise<void>;
}

/**
 * Connects, compares keys and builds the producers.
 * @throws KeyError `KEY_MISMATCH` when the data in Redis is sealed to another key; a Redis error when it is not reached
 */
export async function openServiceLink({ config, priorities, onError }: ServiceLinkOptions): Promise<ServiceLink> {
  const keys = keysOf(config);
  const keyRing = await loadKeyRing(config);
  const redis = connect(config, 'failFast', 'analytics-service', onError);
  try {
    await checkKeyIdentity(redis, keys, keyRing);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  const places = queuePlaces(keys);
  const waits = replicaWaitsOf(config, redis);
  const open = (title: QueueTitle): Queue => {
    const place = places[title];
    const queue = createQueue(place, redis, waits && { waits, fence: keys.queueFence(place.prefix) });
    queue.on('error', onError);
    return queue;
  };
  const queues = { events: open('events'), metrics: open('metrics'), maintenance: open('maintenance') };
  const giveUp = new AbortController();
  const paced = (queue: Queue) => {
    const pace = new QueuePace(queue, config.ANALYTICS_PROCESSING_INTERVAL);
    return {
      batchSize: config.ANALYTICS_BATCH_SIZE,
      deadlineMs: config.ANALYTICS_DEADLINE_MS,
      delayMs: () => pace.delayMs(),
    };
  };
  const sender = { redis, keyRing, signal: giveUp.signal, onError };

  return {
    redis,
    keys,
    keyRing,
    queues,
    events: new Producer({
      lanes: Object.values(EventPriority),
      lane: { ...paced(queues.events), seriesOf: (event) => event.type, bytesOf: (event) => event.bytes },
      open: (priority) => new EventBatch(priority, Date.now()),
      send: (priority) =>
        createJobSender({ ...sender, queue: queues.events, jobName: jobs.events.name, kind: 'events', priority: priorities[priority] }),
    }),
    metrics: new Producer({
      lanes: ['metrics'],
      lane: { ...paced(queues.metrics), seriesOf: (sample) => sample.name, bytesOf: sampleBytes },
      open: () => new MetricBatch(Date.now()),
      send: () =>
        createJobSender({ ...sender, queue: queues.metrics, jobName: jobs.metrics.name, kind: 'metrics', priority: METRIC_PRIORITY }),
    }),
    async close() {
      giveUp.abort();
      await Promise.allSettled(Object.values(queues).map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}
