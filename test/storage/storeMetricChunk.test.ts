import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createMetricFixture } from '../queries/metrics/metricFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { failingScript } from './failingScript.js';

const HOUR = 480_000;
const START = HOUR * 3_600_000;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

describe('storeMetricChunk', () => {
  it('is finished by a repeat whichever of its commands failed, with fewer samples too', async () => {
    let place = 0;
    for (let isDone = false; !isDone; ) {
      place += 1;
      const store = await createMetricFixture(server.url);
      await store.run(store.batch([{ name: 'cpu', value: 1, timestamp: START }]));
      const job = store.batch([2, 3].map((value) => ({ name: 'cpu', value, tags: { host: `h${value}` }, timestamp: START + value })));
      isDone = await store.run(job, { through: failingScript(store.redis, 'storeMetricChunk', place) }).then(
        () => true,
        () => false,
      );
      if (!isDone) expect(await store.get({ name: 'cpu' })).toHaveLength(1);
      await store.run(job, { oldestKept: START + 3 });
      const values = (await store.get({ name: 'cpu' })).map((sample) => [sample.value, sample.tags]);
      const last = [3, { host: 'h3' }];
      expect(values).toEqual(isDone ? [[1, {}], [2, { host: 'h2' }], last] : [[1, {}], last]);
      const keys = store.keys.metric('cpu');
      expect(await store.redis.hget(keys.counts, String(HOUR))).toBe(String(values.length));
      expect([await store.redis.hlen(keys.chunks), await store.redis.zcard(keys.time), await store.redis.hlen(keys.dataKeys)]).toEqual([2, 2, 2]);
      store.redis.disconnect();
    }
    expect(place).toBeGreaterThan(12);
  });

  it('writes nothing where a key holds something else, and says so', async () => {
    const store = await createMetricFixture(server.url);
    const job = store.batch([{ name: 'cpu', value: 1, tags: { a: 'b' }, timestamp: START }]);
    const { chunks, time, dataKeys, counts, tags } = store.keys.metric('cpu');
    for (const foreign of [chunks, time, dataKeys, counts, tags]) {
      await store.redis.set(foreign, 'of another program');
      await expect(store.run(job)).rejects.toMatchObject({ code: 'STORE_INCONSISTENT' });
      expect(await store.redis.keys(`${store.keys.prefix}metrics:*`)).toEqual([foreign]);
      await store.redis.del(foreign);
    }
    expect(await store.run(job)).toMatchObject({ stored: 1 });
    store.redis.disconnect();
  });
});
