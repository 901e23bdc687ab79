import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { startRedis, type TestRedis } from '../support/redis.js';
import { createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from './mergeFixture.js';

let server: TestRedis;
let store: MergeFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  store = await createMergeFixture(server.url);
});
afterEach(async () => store.close());

describe('mergeEvents', () => {
  it('puts one chunk in the place of many, with every event as it was', async () => {
    for (let n = 0; n < 50; n += 1) {
      await store.run(store.batch([0, 1].map((place) => ({ id: n % 7 === 0 ? `own${n}-${place}` : undefined!, userId: `u${n % 5}`, properties: { n, place }, timestamp: START + ((n * 7) % 50) * 100 + place }))));
    }
    const before = await store.all();
    const report = await store.merge();
    expect(report).toMatchObject({ hours: 1, chunksIn: 50, chunksOut: 1, events: 100, isComplete: true });
    expect(await store.all()).toEqual(before);
    expect((await store.events.hour(TYPE, HOUR)).map(({ count, blocks }) => [count, blocks > 0])).toEqual([[100, true]]);
    expect(await store.merge(LATER)).toMatchObject({ hours: 0, chunksIn: 0 });
  });
});
