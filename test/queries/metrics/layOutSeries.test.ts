import { randomBytes } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { layOutSeries } from '../../../src/queries/metrics/layOutSeries.js';
import { keyRingFromMaster, type ReadingKeys } from '../../../src/security/KeyRing.js';
import { createGuard } from '../../../src/security/guard/createGuard.js';
import { offGuard } from '../../../src/security/guard/offGuard.js';
import { KnownSeries } from '../../../src/storage/metrics/KnownSeries.js';
import { sealTags } from '../../../src/storage/seriesTags.js';

let secrets: ReadingKeys;
beforeAll(async () => {
  secrets = (await keyRingFromMaster(randomBytes(32))).reading!;
});

function seriesOf(...tags: readonly Readonly<Record<string, string>>[]): KnownSeries[] {
  return tags.map((one, place) => {
    const id = place.toString(16).padStart(16, '0');
    return new KnownSeries('cpu', id, Buffer.concat([Buffer.alloc(4), sealTags('cpu', 'cpu', id, one, secrets)]), secrets);
  });
}

describe('layOutSeries', () => {
  it('makes a group for each combination of values, a missing tag being one', () => {
    const series = seriesOf({ a: 'x', b: '1' }, { a: 'x' }, { b: '1', a: 'x', c: '2' }, {}, { a: '' });
    const { groups, groupOf } = layOutSeries(series, { groupBy: ['a', 'b'], aggregations: [] }, offGuard);
    expect(groups).toEqual([{ a: 'x', b: '1' }, { a: 'x' }, {}, { a: '' }]);
    expect([...groupOf]).toEqual([0, 1, 0, 2, 3]);
  });

  it('numbers the values of a tag that are to be counted', () => {
    const series = seriesOf({ a: 'x' }, {}, { a: 'y' }, { a: 'x', b: '1' });
    const { wanted } = layOutSeries(series, { groupBy: [], aggregations: [{ name: 'distinct:a', of: { kind: 'distinct', tagKey: 'a' } }] }, offGuard);
    expect(wanted[0]!.of).toMatchObject({ kind: 'distinct', valueOf: Int32Array.of(0, -1, 1, 0) });
  });

  it('looks a tag up under the key that the guard stored it under', () => {
    const guard = createGuard({});
    const key = 'ann@example.org';
    const storedKey = guard.rule(key).key;
    expect(typeof storedKey).toBe('string');
    const { groups } = layOutSeries(seriesOf({ [String(storedKey)]: 'x' }), { groupBy: [key], aggregations: [] }, guard);
    expect(groups).toEqual([{ [key]: 'x' }]);
    const dropping = createGuard({ mode: 'drop' });
    expect(layOutSeries(seriesOf({ [key]: 'x' }), { groupBy: [key], aggregations: [] }, dropping).groups).toEqual([{}]);
  });
});
