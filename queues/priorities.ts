import { EventPriority } from '../src/contract/EventPriority.js';

/** BullMQ priority of each event priority: 1 is served first, 2^21-1 last. */
export type PriorityTable = Readonly<Record<EventPriority, number>>;

const MOST = 2 ** 21 - 1;

/**
 * Never 0: a job without a priority stands in a list of its own that is served before priority 1. The gaps leave room
 * for priorities between.
 */
export const defaultPriorities: PriorityTable = {
  [EventPriority.CRITICAL]: 1,
  [EventPriority.HIGH]: 10,
  [EventPriority.NORMAL]: 100,
  [EventPriority.LOW]: 1000,
};

/** Metric batches stand among themselves, all alike. */
export const METRIC_PRIORITY = 100;

/** The default table with `overrides` in it. @throws RangeError for anything that BullMQ would take for something else */
export function priorityTable(overrides: Partial<PriorityTable> = {}): PriorityTable {
  const table = { ...defaultPriorities, ...overrides };
  for (const [name, value] of Object.entries(table)) {
    if (!Number.isInteger(value) || value < 1 || value > MOST) {
      throw new RangeError(`The priority of ${name} has to be a whole number from 1 to ${MOST}.`);
    }
  }
  return table;
}
