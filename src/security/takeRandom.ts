import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;

const pool = Buffer.alloc(POOL_BYTES);
let taken = POOL_BYTES;

/**
 * `size` random bytes that nobody else gets, from a pool that is filled 8 kB at a time: a request of its own costs 20 µs
 * for each chunk, a share of the pool below 1.
 */
export function takeRandom(size: number): Buffer {
  if (taken + size > POOL_BYTES) {
    randomFillSync(pool);
    taken = 0;
  }
  const bytes = Buffer.from(pool.subarray(taken, taken + size)); // a copy: the pool does not keep what was given out
  pool.fill(0, taken, taken + size);
  taken += size;
  return bytes;
}
