import type { Config } from '../config/parseConfig.js';
import { oldestKeptAt, retentionOf, type RetentionConfig } from '../config/retention.js';
import { defaultRollupDays, type RollupDays } from '../config/rollupDays.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys, SeriesKeys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { keysBesideData } from '../security/keystore/keysBesideData.js';
import type { KeyStore } from '../security/keystore/KeyStore.js';
import { writeCleanupStatus, type CleanupReport } from './cleanupStatus.js';
import type { CleanupRun } from './CleanupRun.js';
import { removeExpiredChunks } from './removeExpiredChunks.js';
import { removeExpiredHours } from './removeExpiredHours.js';
import { removeMetricRest } from './removeMetricRest.js';
import { removeRetiredChunks, RETIRED_GRACE_MS } from './removeRetiredChunks.js';
import { removeSeenMarks } from './removeSeenMarks.js';
import { sweepOrphanKeys } from './sweepOrphanKeys.js';
import { MOST_FEED_ENTRIES, trimFeed } from './trimFeed.js';

export interface CleanUpContext {
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Where the data keys of chunks are. Default: beside the data. */
  readonly dataKeys?: KeyStore | undefined;
  /** Default: the clock. */
  readonly now?: () => number;
}

/** How long things are kept. */
export interface CleanupLimits {
  /** Days that events of a type are kept. */
  readonly retentionDays: (type: string) => number;
  /** Days that samples are kept. */
  readonly metricRetentionDays: number;
  /** Days that rollups are kept, by tier. Default: those of the configuration's defaults. */
  readonly rollupDays?: RollupDays;
  /** Hours that a feed reaches back. */
  readonly feedHours: number;
  /** Entries that one feed may have. Default: 250,000. */
  readonly feedEntries?: number;
  /** Ends the clean-up between two steps; the next one goes on from there. */
  readonly signal?: AbortSignal;
}

/** What the environment says. */
export function cleanupLimits(config: RetentionConfig & Pick<Config, 'ANALYTICS_FEED_HOURS' | 'ANALYTICS_ROLLUP_DAYS'>): CleanupLimits {
  return {
    retentionDays: retentionOf(config),
    metricRetentionDays: config.ANALYTICS_RETENTION_DAYS,
    rollupDays: config.ANALYTICS_ROLLUP_DAYS,
    feedHours: config.ANALYTICS_FEED_HOURS,
  };
}

const CATALOGUE_PAGE = 500;

/**
 * Removes what is older than its retention, in steps that hold Redis for about 2 ms at most. Safe to run again, beside
 * writers, and beside another clean-up; one that was cut short is completed by the next.
 *
 * @throws AnalyticsError `STORE_INCONSISTENT` for a series whose keys hold something else, after the others were cleaned;
 *   the signal's reason when aborted; whatever Redis answers otherwise
 */
export async function cleanUp({ redis, keys, dataKeys = keysBesideData, now = Date.now }: CleanUpContext, limits: CleanupLimits): Promise<CleanupReport> {
  const startedAt = now();
  const run: CleanupRun = { redis, keys, dataKeys, now: startedAt, throwIfAborted: () => limits.signal?.throwIfAborted() };
  const report = { eventChunks: 0, events: 0, metricChunks: 0, samples: 0, rollups: 0, seenMarks: 0, feedEntries: 0, tagSets: 0, metrics: 0, orphanKeys: 0 };
  const faults: AnalyticsError[] = [];

  for (const type of await redis.hkeys(keys.eventCatalogue)) {
    await collecting(faults, async () => {
      const days = limits.retentionDays(type);
      const { chunks, rows } = await removeChunks(run, keys.event(type), oldestKeptAt(days, run.now));
      report.eventChunks += chunks;
      report.events += rows;
      report.feedEntries += await trimFeed(run, type, limits.feedHours, limits.feedEntries ?? MOST_FEED_ENTRIES);
      report.seenMarks += await removeSeenMarks(run, type, days);
    });
  }

  const oldestSample = oldestKeptAt(limits.metricRetentionDays, run.now);
  for await (const [name, sealedName] of metricsOf(redis, keys)) {
    await collecting(faults, async () => {
      const { chunks, rows } = await removeChunks(run, keys.metric(name), oldestSample);
      report.metricChunks += chunks;
      report.samples += rows;
      const rest = await removeMetricRest(run, { name, sealedName }, { oldestSample, rollupDays: limits.rollupDays ?? defaultRollupDays });
      report.rollups += rest.rollups;
      report.tagSets += rest.tagSets;
      report.metrics += rest.metrics;
    });
  }

  if (dataKeys.isApart) report.orphanKeys += await sweepOrphanKeys(run);

  if (faults[0] !== undefined) throw faults[0];
  const finishedAt = now();
  await writeCleanupStatus(redis, keys, { finishedAt, durationMs: finishedAt - startedAt, report });
  return report;
}

/** Removes the chunks of one series that expired, or were merged into others, and what is kept of hours for merging. */
async function removeChunks(run: CleanupRun, keys: SeriesKeys, oldestKept: number): Promise<{ chunks: number; rows: number }> {
  const removed = await removeExpiredChunks(run, keys, oldestKept);
  await removeRetiredChunks(run, keys, run.now - RETIRED_GRACE_MS);
  await removeExpiredHours(run, keys, oldestKept);
  return removed;
}

/** One spoilt series must not keep the others from being cleaned; a Redis that is away ends it at once. */
async function collecting(faults: AnalyticsError[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AnalyticsError)) throw error;
    faults.push(error);
  }
}

/** The metrics of the catalogue, in pages: there may be many. */
async function* metricsOf(redis: RedisClient, keys: Keys): AsyncGenerator<[name: string, sealedName: Buffer]> {
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscanBuffer(keys.metricCatalogue, cursor, 'COUNT', CATALOGUE_PAGE);
    for (let place = 0; place < fields.length; place += 2) yield [fields[place]!.toString(), fields[place + 1]!];
    cursor = next.toString();
  } while (cursor !== '0');
}
