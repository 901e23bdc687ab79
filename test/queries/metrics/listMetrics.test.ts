import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ValidationError } from '../../../src/errors/ValidationError.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createMetricFixture } from './metricFixture.js';

const HOUR = 3_600_000;
const START = 480_000 * HOUR;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

describe('the lists of metrics', () => {
  it('name metrics of any Unicode, in pages, with series, latest time and overflow', async () => {
    const store = await createMetricFixture(server.url, { seriesLimit: 2 });
    const names = ['cpu', 'größe {x}', 'tags:cpu', 'requests.total', '~cpu'];
    for (const [place, name] of names.entries()) await store.run(store.batch([{ name, value: 1, timestamp: START + place }]));
    await store.run(store.batch(['a', 'b', 'c', 'd'].map((host) => ({ name: 'cpu', value: 2, tags: { host }, timestamp: START + HOUR }))));
    const { queries } = store;
    const all = await queries.listMetrics({});
    expect(all.map(({ name }) => name)).toEqual(names.toSorted());
    expect(all[0]).toEqual({ name: 'cpu', series: 2, latest: START + HOUR, overflow: 3 });
    expect(await queries.listMetrics({ prefix: 'requests' })).toEqual([{ name: 'requests.total', series: 1, latest: START + 3, overflow: 0 }]);
    expect((await queries.listMetrics({ after: 'cpu', limit: 2 })).map(({ name }) => name)).toEqual(names.toSorted().slice(1, 3));
    store.oldest.kept = START + HOUR;
    expect((await queries.listMetrics({ prefix: 'tags' }))[0]).toMatchObject({ latest: null });
    store.redis.disconnect();
  });

  it('name the tags and values of a metric, those of a filter too', async () => {
    const store = await createMetricFixture(server.url);
    const tagSets = [{ host: 'a', disk: '1' }, { host: 'b', disk: '1' }, { host: 'b', 'schlüssel=': '' }, { constructor: 'x' }] as Record<string, string>[];
    await store.run(store.batch(tagSets.map((tags) => ({ name: 'cpu', value: 1, tags, timestamp: START }))));
    await store.run(store.batch([{ name: 'other', value: 1, tags: { secret: 'x' }, timestamp: START }]));
    const { queries } = store;
    expect(await queries.listTags({ name: 'cpu' })).toEqual(['constructor', 'disk', 'host', 'schlüssel=']);
    expect(await queries.listTags({ name: 'cpu', after: 'disk', limit: 1 })).toEqual(['host']);
    expect(await queries.listTagValues({ name: 'cpu', key: 'host' })).toEqual(['a', 'b']);
    expect(await queries.listTagValues({ name: 'cpu', key: 'disk', tags: { host: { not: 'a' } } })).toEqual(['1']);
    expect(await queries.listTagValues({ name: 'cpu', key: 'host', tags: { disk: '2' } })).toEqual([]);
    expect(await queries.listTagValues({ name: 'cpu', key: 'toString' })).toEqual([]);
    expect(await queries.listTags({ name: 'nothing' })).toEqual([]);
    // A series that comes later is seen, though the others are in memory.
    await store.run(store.batch([{ name: 'cpu', value: 1, tags: { host: 'c' }, timestamp: START }]));
    expect(await queries.listTagValues({ name: 'cpu', key: 'host' })).toEqual(['a', 'b', 'c']);
    store.redis.disconnect();
  });

  it('refuse bad options in one error that holds none of the values', async () => {
    const store = await createMetricFixture(server.url);
    const { queries } = store;
    const bad = fc.constantFrom<unknown>(0, -1, 1001, 1.5, 'secret', null, {}, [], true);
    await fc.assert(
      fc.asyncProperty(bad, async (value) => {
        for (const list of [async () => queries.listMetrics({ limit: value } as never), async () => queries.listTags({ name: value, limit: value } as never), async () => queries.listTagValues({ name: 'cpu', key: 7, limit: value } as never)]) {
          const error: unknown = await list().catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(ValidationError);
          expect((error as Error).message).not.toContain('secret');
        }
      }),
      { numRuns: 20 },
    );
    await expect(queries.listMetrics({ other: 1 } as never)).rejects.toBeInstanceOf(ValidationError);
    store.redis.disconnect();
  });
});
