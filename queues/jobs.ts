import { z } from 'zod';

import { limits } from '../src/contract/limits.js';

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);

/** What a job of sealed events or samples carries: nothing that says anything without the key. */
export const sealedBatchSchema = z.object({
  v: z.literal(1),
  /** Names the public key that it is sealed to. */
  to: z.string().regex(/^[0-9a-f]{16}$/),
  /** The hour's key of the producer, sealed: 80 bytes. */
  key: base64.length(108),
  /** Events or samples in it. */
  n: z.number().int().min(1).max(limits.batchSize),
  /** Ciphertext, base64. Not looked at twice: what is not base64 does not open. */
  c: z.string().min(1),
});
export type SealedBatchPayload = z.output<typeof sealedBatchSchema>;

/** What became of a batch: counts only, since return values stay in Redis in clear. */
export const batchResultSchema = z.object({
  stored: z.number().int(),
  duplicates: z.number().int(),
  expired: z.number().int(),
  /** Events of users who were erased after these were tracked; absent where there were none. */
  erased: z.number().int().optional(),
  /** Samples whose series found no room in their metric; events leave it out. */
  overflow: z.number().int().optional(),
  /** Event types that something was stored of; metrics leave it out. */
  types: z.array(z.string()).optional(),
});
export type BatchResult = z.output<typeof batchResultSchema>;

/** The jobs that look after the store say all by their names. */
export const maintenanceSchema = z.object({ v: z.literal(1) });

/** Which rotation of keys; see `rekeyStore`. */
export const rekeySchema = z.object({ v: z.literal(1), work: z.enum(['rotate', 'reencrypt']) });

/**
 * Every job there is: queue → job name → schema of what it carries. A batch has one name whatever is in it, because the
 * name stands in Redis in clear.
 */
export const jobs = {
  events: { name: 'batch', payload: sealedBatchSchema, result: batchResultSchema },
  metrics: { name: 'batch', payload: sealedBatchSchema, result: batchResultSchema },
  maintenance: {
    cleanup: { name: 'cleanup', payload: maintenanceSchema },
    merge: { name: 'merge', payload: maintenanceSchema },
    erase: { name: 'erase', payload: maintenanceSchema },
    scrub: { name: 'scrub', payload: maintenanceSchema },
    rekey: { name: 'rekey', payload: rekeySchema },
  },
} as const;
