import { z } from 'zod';

/**
 * What a producer writes down: one line before each call and one after it, by a write that a kill cannot take back. A call
 * that was killed in between has a `try` and nothing else, which is what its client would know as well.
 */
export const recordSchema = z.union([
  z.object({
    /** Names what is tracked, and stands in its properties: the store's events are known by it. */
    try: z.string(),
    type: z.string(),
    /** The caller's own id; absent when the service is to make one. */
    id: z.string().optional(),
    userId: z.string(),
    time: z.number(),
    at: z.number(),
  }),
  z.object({ acknowledged: z.string(), id: z.string(), ms: z.number() }),
  z.object({ unknown: z.string(), id: z.string().optional(), code: z.string(), ms: z.number() }),
  z.object({ refused: z.string(), code: z.string(), ms: z.number() }),
  /** A sample's value is a number that no other sample has. */
  z.object({ sample: z.number(), time: z.number() }),
  z.object({ sampleAcknowledged: z.number() }),
  z.object({ sampleUnknown: z.number() }),
  z.object({ sampleRefused: z.number() }),
]);

export type HistoryRecord = z.output<typeof recordSchema>;
