import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';

import { ValidationError } from '../../src/errors/ValidationError.js';
import { createAggregations } from '../../src/insights/aggregation/aggregations.js';
import { limitOption, orderOption, scanOptions, selectOption } from '../../src/queries/events/eventOptions.js';
import { parseEventQuery } from '../../src/queries/events/parseEventQuery.js';
import { parseAggregateOptions } from '../../src/queries/metrics/aggregateOptions.js';
import { hostileRuns } from '../support/hostileRuns.js';
import { ODD_CANARY, oddValue, orOdd, snapshotPrototypes } from '../support/oddValues.js';

const time = orOdd(fc.constantFrom(0, 1_795_403_886_082, 1.5));
const name = orOdd(fc.constantFrom('cpu', 'pulse'));

const eventQuery = fc.record(
  {
    type: orOdd(fc.constantFrom('page_view', 'custom')), startTime: time, endTime: time, userId: name, sessionId: name, priority: orOdd(fc.constantFrom('low', 'high')),
    where: orOdd(fc.record({ field: orOdd(fc.constantFrom('userId', 'properties.a')), eq: oddValue })), select: orOdd(fc.constant(['id', 'properties.a'])),
    limit: orOdd(fc.constantFrom(1, 100)), order: orOdd(fc.constantFrom('asc', 'desc')), budget: orOdd(fc.record({ events: orOdd(fc.constant(10)) })),
  },
  { requiredKeys: ['type'] },
);
const aggregation = fc.record(
  {
    name, startTime: time, endTime: time, interval: orOdd(fc.constantFrom('1m', 60_000, '1d')), aggregations: orOdd(fc.uniqueArray(orOdd(fc.constantFrom('sum', 'avg', 'p99')), { minLength: 1, maxLength: 3 })),
    tags: orOdd(fc.dictionary(fc.constantFrom('host', 'zone'), orOdd(fc.constant('a')), { maxKeys: 2 })), groupBy: orOdd(fc.uniqueArray(name, { maxLength: 2 })), fill: orOdd(fc.constantFrom('none', 'zero')),
    timezone: orOdd(fc.constantFrom('UTC', 'Europe/Berlin')), budget: orOdd(fc.record({ samples: orOdd(fc.constant(10)) })),
  },
  { requiredKeys: ['name', 'aggregations'] },
);

/** Whether it was taken. What was given comes back in no refusal. */
function isTaken(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    const { issues, message } = error as ValidationError; // just seen
    expect(issues.length).toBeGreaterThan(0);
    expect(JSON.stringify([message, issues.map(({ given }) => given)])).not.toContain(ODD_CANARY);
    return false;
  }
}

test('whatever a query of events is given, it is a query or one ValidationError', () => {
  const before = snapshotPrototypes();
  const schema = z.strictObject({ ...scanOptions, select: selectOption, limit: limitOption, order: orderOption });
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 8, arbitrary: eventQuery }, { weight: 1, arbitrary: oddValue }), (options) => {
      if (isTaken(() => parseEventQuery(schema, options, { isKnownType: (type) => type !== 'unknown' }))) taken += 1;
    }),
    { numRuns: hostileRuns('eventQueries') },
  );
  expect(taken).toBeGreaterThan(20);
  expect(snapshotPrototypes()).toEqual(before);
});

test('whatever an aggregation is given, it is a query or one ValidationError', () => {
  const before = snapshotPrototypes();
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 8, arbitrary: aggregation }, { weight: 1, arbitrary: oddValue }), (options) => {
      if (isTaken(() => parseAggregateOptions(options, createAggregations()))) taken += 1;
    }),
    { numRuns: hostileRuns('aggregations') },
  );
  expect(taken).toBeGreaterThan(20);
  expect(snapshotPrototypes()).toEqual(before);
});
