import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createMergeFixture } from '../merging/mergeFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { step, StoreModel } from './StoreModel.js';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

describe('whatever is run, run again, killed, merged, removed or repeated, in whatever order', () => {
  it('each event is stored once, as it was first stored, and stays as long as it is kept', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const store = await createMergeFixture(server.url);
        try {
          const model = new StoreModel(store);
          for (const next of steps) await model.take(next);
          expect(await model.end()).toBe('everything is there once');
        } finally {
          await store.close();
        }
      }),
      // MODEL_RUNS=1000 takes a minute.
      { numRuns: Number(process.env['MODEL_RUNS'] ?? 30), endOnFailure: true },
    );
  }, 120_000);
});
