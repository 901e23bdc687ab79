import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import { CANARY_KEPT_MS } from './canaryType.js';

/** About 200 readings: 10 minutes. */
const READINGS_CHARACTERS = 800;

export type CanaryNote =
  | { readonly kind: 'turn'; readonly everyMs: number }
  | { readonly kind: 'sent'; readonly jobId: string; readonly sentAt: number }
  | { readonly kind: 'stored'; readonly sentAt: number; readonly takenAgoMs: number }
  | { readonly kind: 'seen'; readonly sentAt: number };

export interface CanaryNoted {
  /** By the clock of Redis, ms. */
  readonly now: number;
  /** The job that was sent and is not stored yet. */
  readonly waiting: string | undefined;
}

/** @returns undefined for a turn that another process had */
export async function noteCanary(redis: RedisClient, keys: Keys, note: CanaryNote): Promise<CanaryNoted | undefined> {
  const reply = await script('noteCanary').run(redis, { keys: [keys.canary], args: [note.kind, ...valuesOf(note), CANARY_KEPT_MS, READINGS_CHARACTERS] });
  const answer = reply as [] | [number, Buffer]; // what the script says that it answers
  if (answer.length === 0) return undefined;
  const [now, waiting] = answer;
  return { now, waiting: waiting.length === 0 ? undefined : waiting.toString() };
}

function valuesOf(note: CanaryNote): [string | number, string | number] {
  switch (note.kind) {
    case 'turn':
      return [note.everyMs, ''];
    case 'sent':
      return [note.jobId, note.sentAt];
    case 'stored':
      return [note.sentAt, Math.round(note.takenAgoMs)];
    case 'seen':
      return [note.sentAt, ''];
  }
}
