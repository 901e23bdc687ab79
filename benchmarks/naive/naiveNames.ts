import { EventPriority } from '../../src/contract/EventPriority.js';

/** Where the naive pipeline keeps its things: the layout that the product's key names suggest, with one key per type. */
export const naiveNames = {
  queue: 'naive',
  events: (type: string) => `naive:processed:${type}`,
  times: (type: string) => `naive:time:${type}`,
  samples: 'naive:samples',
} as const;

export const naivePriorities: Readonly<Record<EventPriority, number>> = {
  [EventPriority.CRITICAL]: 1,
  [EventPriority.HIGH]: 2,
  [EventPriority.NORMAL]: 3,
  [EventPriority.LOW]: 4,
};

/** What a job of the naive pipeline carries: one event, in clear. */
export interface NaiveEvent {
  readonly id: string;
  readonly type: string;
  readonly priority: string;
  readonly userId: string;
  readonly timestamp: number;
}

/** What its processor returns: enough for the broadcaster to know whether anybody connected wants the event. */
export interface NaiveResult {
  readonly id: string;
  readonly type: string;
  readonly userId: string;
}
