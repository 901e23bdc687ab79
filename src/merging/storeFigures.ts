import { z } from 'zod';

import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

const seriesSchema = z.object({
  /** Event types, or metrics. */
  series: z.number(),
  /** Events, or samples. */
  rows: z.number(),
  /** Chunks as batches left them, and chunks that were made of such. */
  smallChunks: z.number(),
  mergedChunks: z.number(),
  /**
   * Bytes that Redis takes for chunks, their keys, index and counts, and for rollups of metrics; null where it does not
   * tell. Redis estimates them from a part of each key.
   */
  bytes: z.number().nullable(),
});

/** How much the store holds. */
export const storeFiguresSchema = z.object({
  /** When it was looked at, ms since 1970. */
  at: z.number(),
  events: seriesSchema.extend({
    /** Bytes of what broadcasters read; null where Redis does not tell. */
    feedBytes: z.number().nullable(),
  }),
  metrics: seriesSchema.extend({
    /** Samples left out because their metric had no room for another series, since the metric was first stored. */
    overflow: z.number(),
  }),
});
export type StoreFigures = Readonly<z.output<typeof storeFiguresSchema>>;

/** What the last merge found, or undefined if none ever did. */
export async function readStoreFigures(redis: RedisClient, keys: Keys): Promise<StoreFigures | undefined> {
  const text = await redis.hget(keys.storeFigures, 'figures');
  try {
    return text === null ? undefined : storeFiguresSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // not JSON: somebody else's
  }
}

export async function writeStoreFigures(redis: RedisClient, keys: Keys, figures: StoreFigures): Promise<void> {
  await redis.hset(keys.storeFigures, 'figures', JSON.stringify(figures));
}
