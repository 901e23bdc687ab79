import { oldestKeptAt } from '../config/retention.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { KeyError } from '../errors/KeyError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { RETIRED_GRACE_MS } from '../retention/removeRetiredChunks.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { collecting } from './collecting.js';
import { mergeEvents } from './mergeEvents.js';
import type { MergeRun } from './MergeRun.js';
import { mergeMetrics } from './metrics/mergeMetrics.js';
import { emptyReport, writeMergeStatus, type MergeReport } from './mergeStatus.js';
import { writeStoreFigures } from './storeFigures.js';
import { surveyStore } from './surveyStore.js';

export interface MergeContext {
  readonly redis: RedisClient;
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
  /** Days that samples are kept: rollups of older hours are left as they are. Default: for ever. */
  readonly metricRetentionDays?: number;
}

/** The part of the time that merging events may take. */
const EVENTS_SHARE = 2 / 3;

/**
 * Merges what is due, and writes down what it did. See `mergeEvents` and `mergeMetrics` for what it may run beside.
 * @throws KeyError `KEY_UNAVAILABLE` in a process that only holds the public key; AnalyticsError for what could not be read, after everything else was merged; whatever Redis answers otherwise
 */
export async function mergeAll(context: MergeContext, limits: MergeLimits = {}): Promise<MergeReport> {
  const { redis, keys, secrets, now = Date.now } = context;
  if (secrets === undefined) {
    throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot merge. Set ANALYTICS_ENCRYPTION_KEY.');
  }
  const { signal, mostMs = Infinity, graceMs = RETIRED_GRACE_MS, metricRetentionDays = Infinity } = limits;
  const startedAt = now();
  const begin = performance.now();
  const isLateAt = (part: number) => (): boolean => signal?.aborted === true || performance.now() >= begin + part * mostMs;
  const run: MergeRun = {
    redis,
    keys,
    secrets,
    now,
    graceMs,
    oldestSample: oldestKeptAt(metricRetentionDays, startedAt),
    isLate: isLateAt(1),
  };
  const report = emptyReport();
  const faults: AnalyticsError[] = [];
  // Then there is nobody to tell, and the attempt would take as long again.
  let isRedisAway = false;
  try {
    // A backlog of events leaves metrics their part of the time.
    await collecting(faults, async () => mergeEvents({ ...run, isLate: isLateAt(EVENTS_SHARE) }, report));
    await collecting(faults, async () => mergeMetrics(run, report));
    if (faults[0] !== undefined) throw faults[0];
  } catch (error) {
    isRedisAway = !(error instanceof AnalyticsError);
    throw error;
  } finally {
    if (!isRedisAway) await tell();
  }
  return report;

  async function tell(): Promise<void> {
    const finishedAt = now();
    await writeMergeStatus(redis, keys, { finishedAt, durationMs: finishedAt - startedAt, report });
    // Also when time is up: a backlog is when somebody looks.
    const figures = await surveyStore({ redis, keys, now, isEnding: () => signal?.aborted === true });
    if (figures !== undefined) await writeStoreFigures(redis, keys, figures);
  }
}
