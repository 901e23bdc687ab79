/** How urgent an event is. Each priority is a lane of its own in the producer and a BullMQ priority in the queue. */
export const EventPriority = {
  LOW: 'low',
  NORMAL: 'normal',
  HIGH: 'high',
  CRITICAL: 'critical',
} as const;

export type EventPriority = (typeof EventPriority)[keyof typeof EventPriority];
