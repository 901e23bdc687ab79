import { setTimeout as sleep } from 'node:timers/promises';

import { createProgress } from './progress.js';
import type { BenchmarkRedis } from './startRedis.js';

const PATIENCE_MS = 15_000;
const LOOKS = 10;
const LOOK_EVERY_MS = 100;

/**
 * Waits until so much is stored, or until nothing more has been for 15 s.
 *
 * @returns how much is missing
 */
export async function awaitStored(
  what: string,
  wanted: number,
  stored: () => Promise<number>,
  say: (line: string) => void,
): Promise<number> {
  const before = await stored();
  const progress = createProgress(what, wanted - before, say);
  let last = before;
  let changedAt = performance.now();
  while (last < wanted && performance.now() - changedAt < PATIENCE_MS) {
    await sleep(20);
    const now = await stored();
    if (now !== last) {
      changedAt = performance.now();
      progress(now - before);
    }
    last = now;
  }
  return wanted - last;
}

/**
 * `used_memory`, the least over a second once it stays: buffers come and go, and a table shrinks a while after its content.
 *
 * @param isQuick looks once only
 */
export async function settledMemory(redis: BenchmarkRedis, isQuick: boolean): Promise<number> {
  if (isQuick) return redis.usedMemory();
  for (let before = Infinity; ; ) {
    let least = Infinity;
    for (let look = 0; look < LOOKS; look += 1) {
      await sleep(LOOK_EVERY_MS);
      least = Math.min(least, await redis.usedMemory());
    }
    if (Math.abs(least - before) < before / 1000) return least;
    before = least;
  }
}
