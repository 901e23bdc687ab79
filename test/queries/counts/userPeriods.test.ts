import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';

import { firstDayAfter, firstDayOf } from '../../../src/queries/counts/userPeriods.js';

const DAY_MS = 86_400_000;

describe.each(['day', 'week', 'month'] as const)('the periods of a %s', (period) => {
  it('begin and end where the calendar says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), (day) => {
        const start = DateTime.fromMillis(day * DAY_MS, { zone: 'utc' }).startOf(period);
        expect(firstDayOf(period, day) * DAY_MS).toBe(start.toMillis());
        expect(firstDayAfter(period, firstDayOf(period, day)) * DAY_MS).toBe(start.plus({ [period]: 1 }).toMillis());
      }),
    );
  });
});
