import type { Keys } from '../src/redis/keys.js';

export const queueTitles = ['events', 'metrics', 'maintenance'] as const;
export type QueueTitle = (typeof queueTitles)[number];

/** Where a queue's keys are. Together they are BullMQ's `{prefix}:{name}:*`. */
export interface QueuePlace {
  /** How people call it: on the board, in logs and in figures. */
  readonly title: QueueTitle;
  readonly name: string;
  readonly prefix: string;
}

/**
 * The queues. Events wait in `analytics:events:queue`, the place that the documentation names; a queue called `events`
 * under `analytics` would put its jobs among the keys of the store.
 */
export function queuePlaces(keys: Keys): Readonly<Record<QueueTitle, QueuePlace>> {
  return {
    events: { title: 'events', name: 'queue', prefix: keys.eventQueuePrefix },
    metrics: { title: 'metrics', name: 'metrics', prefix: keys.queuePrefix },
    maintenance: { title: 'maintenance', name: 'maintenance', prefix: keys.queuePrefix },
  };
}
