import { EventPriority } from '../../../src/contract/EventPriority.js';
import { EventType } from '../../../src/contract/EventType.js';
import type { EventData } from '../../../src/contract/event.js';
import { users } from '../scene/people.js';
import { planted } from '../scene/planted.js';
import type { Random } from '../random.js';

const HOUR_MS = 3_600_000;

/** Three types, so that feeds, indexes and counts of several go on side by side; not all, so that each gets much. */
export const usedTypes = [EventType.PAGE_VIEW, EventType.USER_ACTION, EventType.SECURITY] as const;

/** A call that is to be made: the same whenever it is repeated, but for its time now and then. */
export interface PlannedEvent {
  readonly op: string;
  readonly data: EventData & { readonly type: (typeof usedTypes)[number]; readonly userId: string; readonly timestamp: number };
}

/** An event of the load. Most are of now, some of hours that are over, which get merged, and a few are about to expire. */
export function createEvent(op: string, random: Random, retentionMs: number): PlannedEvent {
  const own = random.isLikely(0.5);
  return {
    op,
    data: {
      type: random.pick(usedTypes),
      priority: random.pick(Object.values(EventPriority)),
      userId: random.pick(users),
      sessionId: `${planted.session} ${random.whole(1, 500)}`,
      timestamp: createTime(random, retentionMs),
      properties: { op, page: `/pages/${random.whole(1, 40)}`, note: `${planted.property} `.repeat(random.whole(1, 8)) },
      ...(own && { id: `own-${op}` }),
    },
  };
}

function createTime(random: Random, retentionMs: number): number {
  const now = Date.now();
  const share = random.next();
  if (share < 0.7) return now;
  if (share < 0.98) return now - random.whole(0, 6 * HOUR_MS);
  return now - retentionMs + random.whole(0, 120_000);
}
