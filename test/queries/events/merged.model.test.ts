import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { startRedis, type TestRedis } from '../../support/redis.js';
import { createEventFixture } from '../eventFixture.js';
import { Scene, step } from './Scene.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 40);

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

describe('queries of a store that is merged and cleaned', () => {
  it('answer as a list of events would, and cursors go on through all of it', async () => {
    const tried = fc.asyncProperty(
      fc.array(step, { minLength: 6, maxLength: 24 }),
      fc.constantFrom(1, 1000),
      fc.constantFrom(0, undefined),
      async (steps, deepOffset, cacheBytes) => {
        const store = await createEventFixture(server.url, { deepOffset, ...(cacheBytes !== undefined && { cacheBytes }) });
        try {
          const scene = new Scene(store);
          for (const one of steps) await scene.run(one);
          await scene.end();
        } finally {
          await store.close();
        }
      },
    );
    await expect(fc.assert(tried, { numRuns: RUNS })).resolves.toBeUndefined();
  }, 60_000);
});
