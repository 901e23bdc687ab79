import { z } from 'zod';

import { queueTitles, type QueueTitle } from '../../queues/names.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys } from '../redis/keys.js';
import { pipelineOf } from '../redis/pipelineOf.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { FieldSealer } from '../security/FieldSealer.js';
import type { DeadLetter } from './DeadLetter.js';
import { failureCodes, type FailureCode } from './failureCode.js';

/** That a dead letter was dropped, by whom and why. What was in it is gone. */
export interface DroppedLetter {
  readonly id: string;
  readonly queue: QueueTitle;
  /** What it had failed with. */
  readonly code: FailureCode;
  /** When it had failed, ms since 1970. */
  readonly failedAt: number;
  /** Events or samples that were in it, as its producer said; 0 where it said nothing. */
  readonly items: number;
  /** ms since 1970. */
  readonly droppedAt: number;
  readonly actor: string;
  readonly reason: string;
}

const DAY_MS = 86_400_000;
/** How long it is kept that something was dropped, and for how many of them. */
const KEPT_DAYS = 400;
const MOST_KEPT = 100_000;

const entrySchema = z.object({
  id: z.string(),
  queue: z.enum(queueTitles),
  code: z.enum(failureCodes),
  failed: z.coerce.number(),
  n: z.coerce.number(),
});
const whySchema = z.object({ actor: z.string(), reason: z.string() });

type Why = z.output<typeof whySchema>;

/** Writes down that these are dropped. @returns the entries' ids, to be taken back where nothing was dropped */
export async function recordDropped(redis: RedisClient, keys: Keys, sealer: FieldSealer, letters: readonly DeadLetter[], why: Why): Promise<string[]> {
  const key = keys.droppedDeadLetters;
  const pipeline = pipelineOf(redis);
  for (const { id, queue, reason, failedAt, events, samples } of letters) {
    const fields = ['id', id, 'queue', queue, 'code', reason, 'failed', failedAt, 'n', events ?? samples ?? 0];
    pipeline.xadd(key, 'MAXLEN', '~', MOST_KEPT, '*', ...fields, 'why', sealer.seal(placeOf(id), JSON.stringify(why)));
  }
  pipeline.xtrim(key, 'MINID', '~', Date.now() - KEPT_DAYS * DAY_MS);
  pipeline.pexpire(key, KEPT_DAYS * DAY_MS);
  const replies = (await pipeline.exec()) ?? [];
  for (const [error] of replies) if (error) throw error;
  return replies.slice(0, letters.length).map(([, entry]) => String(entry));
}

export async function takeBackRecords(redis: RedisClient, keys: Keys, entries: readonly string[]): Promise<void> {
  if (entries.length > 0) await redis.xdel(keys.droppedDeadLetters, ...entries);
}

/** What was dropped, latest first. @throws KeyError when it was sealed under another key */
export async function readDropped(redis: RedisClient, keys: Keys, sealer: FieldSealer, limit: number): Promise<DroppedLetter[]> {
  const entries = await redis.xrevrangeBuffer(keys.droppedDeadLetters, '+', '-', 'COUNT', limit);
  return entries.map(([entry, fields]) => {
    const found = new Map<string, Buffer>();
    for (let place = 0; place < fields.length; place += 2) found.set(fields[place]!.toString(), fields[place + 1]!);
    const { why, ...clear } = Object.fromEntries(found);
    const parsed = entrySchema.safeParse(Object.fromEntries(Object.entries(clear).map(([name, value]) => [name, value.toString()])));
    if (!parsed.success || why === undefined) throw new AnalyticsError('STORE_INCONSISTENT', 'The record of dropped dead letters holds what this service did not write there.');
    const { id, queue, code, failed, n } = parsed.data;
    const { actor, reason } = whySchema.parse(JSON.parse(sealer.open(placeOf(id), why)));
    return { id, queue, code, failedAt: failed, items: n, droppedAt: Number.parseInt(entry.toString(), 10), actor, reason };
  });
}

function placeOf(id: string): string {
  return `dropped|${id}`;
}
