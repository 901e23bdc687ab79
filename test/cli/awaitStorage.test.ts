import { describe, expect, test } from '@jest/globals';

import { awaitStorage } from '../../src/cli/awaitStorage.js';
import type { PipelineState } from '../../src/cli/watchPipeline.js';

/** A watch that tells one state after the other, and then the last for ever. */
function watchOf(...states: readonly Partial<PipelineState>[]) {
  const told = [...states];
  return {
    async read(): Promise<PipelineState> {
      const state = told.length > 1 ? told.shift() : told[0];
      return { stored: 0, unfinished: 0, failed: 0, workers: 1, ...state };
    },
    close: async () => undefined,
  };
}

const silent = { onProgress: () => undefined, onNoWorker: () => undefined };

describe('awaitStorage', () => {
  test('ends when no job is left, and tells how far it is on the way', async () => {
    const told: number[] = [];
    const watch = watchOf({ unfinished: 3 }, { unfinished: 2, stored: 10 }, { stored: 30 });
    const end = await awaitStorage(watch, 30, { ...silent, onProgress: (stored) => told.push(stored) });
    expect(end).toBe('done');
    expect(told).toEqual([0, 10, 30]);
  });

  test('ends although others keep the queue busy, once as much was stored as was sent', async () => {
    await expect(awaitStorage(watchOf({ unfinished: 5, stored: 30 }), 30, silent)).resolves.toBe('done');
  });

  test('says once that no worker is running, and gives up when nothing moves', async () => {
    let hints = 0;
    const options = { ...silent, onNoWorker: () => (hints += 1), patienceMs: 4000 };
    await expect(awaitStorage(watchOf({ unfinished: 5, workers: 0 }), 30, options)).resolves.toBe('stuck');
    expect(hints).toBe(1);
  });
});
