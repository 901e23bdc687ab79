import type { Redis } from 'ioredis';

import { KeyError } from '../errors/KeyError.js';
import type { Keys } from '../redis/keys.js';
import { RETIRED_GRACE_MS } from '../retention/removeRetiredChunks.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { mergeEvents } from './mergeEvents.js';
import type { MergeRun } from './MergeRun.js';
import { emptyReport, writeMergeStatus, type MergeReport } from './mergeStatus.js';
import { writeStoreFigures } from './storeFigures.js';
import { surveyStore } from './surveyStore.js';

export interface MergeContext {
  readonly redis: Redis;
  readonly keys: Keys;
  /** Undefined in a process that only holds the public key, which cannot merge. */
  readonly secrets: ReadingKeys | undefined;
  /** Default: the clock. */
  readonly now?: () => number;
}

export interface MergeLimits {
  /** Ends the merge after the swap that it is at. */
  readonly signal?: AbortSignal;
  /** Takes up nothing more after so many ms. Default: no limit. */
  readonly mostMs?: number;
  /** How long replaced chunks stay readable, ms. Default: 10 minutes. */
  readonly graceMs?: number;
}

/**
 * Merges what is due, and writes down what it did. See `mergeEvents` for what it may run beside.
 * @throws KeyError `KEY_UNAVAILABLE` in a process that only holds the public key; AnalyticsError for what could not be read, after everything else was merged; whatever Redis answers otherwise
 */
export async function mergeAll(context: MergeContext, limits: MergeLimits = {}): Promise<MergeReport> {
  const { redis, keys, secrets, now = Date.now } = context;
  if (secrets === undefined) {
    throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot merge. Set ANALYTICS_ENCRYPTION_KEY.');
  }
  const { signal, mostMs = Infinity, graceMs = RETIRED_GRACE_MS } = limits;
  const startedAt = now();
  const end = performance.now() + mostMs;
  const run: MergeRun = {
    redis,
    keys,
    secrets,
    now,
    graceMs,
    isLate: () => signal?.aborted === true || performance.now() >= end,
  };
  const report = emptyReport();
  try {
    await mergeEvents(run, report);
  } finally {
    const finishedAt = now();
    await writeMergeStatus(redis, keys, { finishedAt, durationMs: finishedAt - startedAt, report });
    // Also when time is up: a backlog is when somebody looks.
    const figures = await surveyStore({ redis, keys, now, isEnding: () => signal?.aborted === true });
    if (figures !== undefined) await writeStoreFigures(redis, keys, figures);
  }
  return report;
}
