import fc from 'fast-check';

import { EventPriority } from '../../../src/contract/EventPriority.js';
import type { EventFilter, FieldCondition } from '../../../src/queries/events/filter/EventFilter.js';

export const HOUR = 3_600_000;
export const START = 480_000 * HOUR;

/** Few values, close together: equal times and overlapping chunks are the cases that can go wrong. */
export const time = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(HOUR - 1, HOUR - 2), fc.integer({ min: 0, max: HOUR - 1 })))
  .map(([hour, ms]) => START + hour * HOUR + ms);

const scalar = fc.constantFrom<string | number | boolean | null>('', 'a', 'ab', 'b', '1', 0, 1, -1.5, true, false, null);
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.record({ x: scalar, 'k.d': scalar, constructor: scalar }, { requiredKeys: [] }));
const members = fc.dictionary(fc.constantFrom('a', 'b', 'k.d', '', 'constructor', 'x'), value, { noNullPrototype: true, maxKeys: 4 });

export const row = fc.record(
  {
    timestamp: time,
    userId: fc.constantFrom('ann', 'bob', '1'),
    sessionId: fc.constantFrom('s1', 's2'),
    properties: members,
    metadata: members,
  },
  { requiredKeys: ['timestamp'] },
);

const field = fc.constantFrom<FieldCondition['field']>(
  'id', 'userId', 'sessionId', 'priority', 'timestamp', 'properties.a', 'properties.b', 'properties.a.x', 'metadata.a', 'metadata.constructor',
  'properties.a.constructor', 'properties.none', 'properties.', ['properties', 'k.d'], ['metadata', 'b', 'k.d'], ['userId'],
);
const ordered = fc.oneof(fc.constantFrom<string | number>('', 'a', 'ab', 'b', 's2', 'high', 0, 1, -2), time);
const condition: fc.Arbitrary<EventFilter> = fc
  .tuple(
    field,
    fc.record(
      {
        eq: fc.oneof(scalar, fc.constantFrom('ann', 's1', 'high')),
        ne: scalar,
        gt: ordered,
        gte: ordered,
        lt: ordered,
        lte: ordered,
        in: fc.array(fc.oneof(scalar, fc.constantFrom('ann', 'bob', 'normal')), { maxLength: 4 }),
        exists: fc.boolean(),
        prefix: fc.constantFrom('', 'a', 's', 'n'),
        contains: scalar,
      },
      { requiredKeys: [] },
    ),
    fc.nat(9),
  )
  .map(([name, operators, place]) => {
    const some = Object.entries(operators).filter((_, at) => at === place || at === place + 5);
    return { field: name, ...(some.length === 0 ? { exists: true } : Object.fromEntries(some)) };
  });

/** Filters of any shape, three levels deep. */
export const filter: fc.Arbitrary<EventFilter> = fc.letrec<{ filter: EventFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    condition,
    fc.record({ and: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
})).filter;

const ends = { startTime: time, endTime: time };

/** What all queries of events take beside the type. Queries without a filter leave out more, so there are many of them. */
export const range = fc.oneof(fc.record(ends, { requiredKeys: [] }), fc.record(
  {
    ...ends,
    userId: fc.constantFrom('ann', 'bob'),
    sessionId: fc.constant('s1'),
    priority: fc.constantFrom(...Object.values(EventPriority)),
    where: filter,
  },
  { requiredKeys: [] },
));

export const order = fc.constantFrom('asc' as const, 'desc' as const);
