import { z } from 'zod';

import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { erasureModes } from './options.js';

/** What an erasure did so far. What a run that was killed did since it was last written down is not in it. */
const countsSchema = z.object({
  /** Events that were removed from the store or rewritten in it, the chunks that held them, and those in their place. */
  events: z.number(),
  chunksIn: z.number(),
  chunksOut: z.number(),
  /** Chunks that were removed with their data keys. */
  removed: z.number(),
  /** Samples that were removed from the store or moved in it, their series, and the rollups that were made anew. */
  samples: z.number().default(0),
  series: z.number().default(0),
  rollups: z.number().default(0),
  /** Events and samples taken out of batches that waited, and of dead letters. */
  queued: z.number(),
  deadLetters: z.number(),
  /** Events and samples taken out of spools that were left on this host. */
  spooled: z.number(),
  feedEntries: z.number(),
  /** Chunks, dead letters and files of spools that do not open. */
  unreadable: z.number(),
});
export type ErasureCounts = z.output<typeof countsSchema>;

export const erasureSteps = ['fence', 'store', 'metrics', 'queue', 'feed', 'spool', 'check'] as const;
export type ErasureStep = (typeof erasureSteps)[number];

const requestSchema = z.object({
  id: z.string(),
  userId: z.string(),
  mode: z.enum(erasureModes),
  by: z.string(),
  requestedAt: z.number(),
  /** What was tracked up to then is erased, ms; absent until it is fenced. */
  at: z.number().optional(),
  /** Event type → the offset of the last event that may have been stored before. */
  fences: z.array(z.tuple([z.string(), z.number()])),
  step: z.enum(erasureSteps),
  /** Types that the store was gone through for. */
  typesDone: z.array(z.string()),
  /** Types (or metrics) and hours whose chunks were replaced, and that a backup has not been told of yet. */
  touched: z.array(z.tuple([z.string(), z.number(), z.enum(['events', 'metrics']).optional()])),
  /** Series of the person, by metric: their ids, and those of the series in their place. Absent until they are looked for. */
  series: z.array(z.tuple([z.string(), z.array(z.tuple([z.string(), z.string()]))])).optional(),
  /** Whether nothing of these is left: what is found of them later was tracked later. */
  areSamplesDone: z.boolean().default(false),
  counts: countsSchema,
  /** Whether backups that a process does not reach are to stay as they are. */
  leaveBackups: z.boolean().default(false),
  /** Whether a process was at it that reached no backup: one that does makes up for it. */
  hasMissedBackups: z.boolean().default(false),
  /** What surrogates are made with; with the request it goes, and nobody can make them again. base64 */
  surrogateKey: z.string(),
});
export type ErasureRequest = z.output<typeof requestSchema>;

export function emptyCounts(): ErasureCounts {
  return { events: 0, chunksIn: 0, chunksOut: 0, removed: 0, samples: 0, series: 0, rollups: 0, queued: 0, deadLetters: 0, spooled: 0, feedEntries: 0, unreadable: 0 };
}

export interface RequestPlace {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: Pick<ReadingKeys, 'fields'>;
}

/** Keeps how far an erasure came. */
export async function saveRequest({ redis, keys, secrets }: RequestPlace, request: ErasureRequest): Promise<void> {
  await redis.hset(keys.erasures, request.id, secrets.fields.seal(erasurePlace(request.id), JSON.stringify(request)));
}

/** @returns undefined when there is none of that id, or it is done. @throws KeyError */
export async function readRequest({ redis, keys, secrets }: RequestPlace, id: string): Promise<ErasureRequest | undefined> {
  const [sealed] = await redis.hmgetBuffer(keys.erasures, id);
  return sealed == null ? undefined : requestSchema.parse(JSON.parse(secrets.fields.open(erasurePlace(id), sealed)));
}

/** The ids of erasures that are not done. */
export async function unfinishedRequests({ redis, keys }: Pick<RequestPlace, 'redis' | 'keys'>): Promise<string[]> {
  return redis.hkeys(keys.erasures);
}

/** What the seal of an erasure is bound to. */
export function erasurePlace(id: string): string {
  return `erasure|${id}`;
}
