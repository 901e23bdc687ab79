import type { BatchResult } from '../../queues/jobs.js';
import { batchTimeOf } from '../codec/batchId.js';
import type { MetricRows } from '../codec/MetricRows.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { BatchError } from '../errors/BatchError.js';
import { chunkIdOf } from '../redis/keys.js';
import type { KeyRing, ReadingKeys } from '../security/KeyRing.js';
import { hourOf } from '../codec/hours.js';
import type { ErasureMark, Erasures } from '../storage/Erasures.js';
import { metricKeyName } from '../storage/metricKeyName.js';
import type { MetricStore, NewMetricChunk, NewSeries } from '../storage/MetricStore.js';
import { seriesIdOf } from '../storage/seriesTags.js';
import { taggedUsers } from '../storage/taggedUsers.js';
import { openMetricBatch, parseTags } from './openMetricBatch.js';

export interface IngestMetricsContext {
  readonly store: MetricStore;
  readonly erasures: Erasures;
  readonly keyRing: KeyRing;
  /** ms since the epoch. Samples before this are not stored. */
  readonly oldestKept: number;
  /** Told of samples that were left out because their metric has as many series as it may: its name in keys, how many. */
  readonly onOverflow?: ((keyName: string, samples: number) => void) | undefined;
}

interface DraftSeries extends NewSeries {
  readonly times: number[];
  readonly values: number[];
}

interface Draft extends NewMetricChunk {
  readonly series: Map<string, DraftSeries>;
}

/**
 * Stores one batch of samples: open, split by metric and UTC hour, leave out those of somebody who was erased, seal, store.
 * Safe to run again.
 */
export async function ingestMetrics(jobId: string, data: unknown, context: IngestMetricsContext): Promise<BatchResult> {
  const { store, erasures, keyRing, oldestKept, onOverflow } = context;
  const rows = await openMetricBatch(jobId, data, keyRing);
  const secrets = keyRing.reading!; // openMetricBatch throws without
  const counts = { stored: 0, duplicates: 0, overflow: 0, erased: 0 };
  /** Plans the chunks, without those who were erased since the batch was made. */
  const plan = async (chunks: readonly NewMetricChunk[], mark: ErasureMark, isAsked: boolean): Promise<NewMetricChunk[]> => {
    const erased = await erasedSeries(jobId, chunks, mark, erasures);
    return chunks.flatMap((chunk) => {
      const less = { ...chunk, series: without(chunk.series, erased), generation: mark.generation, isAsked };
      counts.erased += sizeOf(chunk) - sizeOf(less);
      return less.series.size === 0 && chunk.series.size > 0 ? [] : [less];
    });
  };
  const drafts = splitByMetric(jobId, rows, oldestKept, secrets);
  const kept = drafts.reduce((sum, chunk) => sum + sizeOf(chunk), 0);
  let pending = await plan(drafts, await erasures.known(), false);

  // Each round leaves out a series at least, or knows of a later erasure, so it ends.
  while (pending.length > 0) {
    const outcomes = await store.store(pending);
    const again: NewMetricChunk[] = [];
    const refused: NewMetricChunk[] = [];
    for (const [place, outcome] of outcomes.entries()) {
      const chunk = pending[place]!;
      if (outcome.kind === 'full') again.push(withoutSeries(chunk, outcome.series));
      else if (outcome.kind === 'erased') refused.push(chunk);
      else if (outcome.kind === 'known') counts.duplicates += sizeOf(chunk) + chunk.leftOut;
      else {
        counts.stored += sizeOf(chunk);
        counts.overflow += chunk.leftOut;
        if (chunk.leftOut > 0) onOverflow?.(metricKeyName(chunk.name, secrets.fingerprints), chunk.leftOut);
      }
    }
    if (refused.length > 0) again.push(...(await plan(refused, await laterMark(erasures, refused), true)));
    pending = again;
  }
  const { erased, ...others } = counts;
  return { ...others, expired: rows.values.length - kept, ...(erased > 0 && { erased }) };
}

/** The ids of series of users who were erased after the batch was made. A fresh batch costs a comparison. */
async function erasedSeries(jobId: string, chunks: readonly NewMetricChunk[], { generation, latest }: ErasureMark, erasures: Erasures): Promise<ReadonlySet<string>> {
  const erased = new Set<string>();
  const trackedAt = batchTimeOf(jobId);
  if (generation === 0 || trackedAt > latest) return erased;
  const series = new Map(chunks.flatMap((chunk) => Array.from(chunk.series, ([seriesId, { tags }]) => [seriesId, taggedUsers(tags)] as const)));
  const times = await erasures.timesOf([...new Set([...series.values()].flat())]);
  for (const [seriesId, users] of series) if (users.some((user) => trackedAt <= (times.get(user) ?? -Infinity))) erased.add(seriesId);
  return erased;
}

/** The list of who was erased, read anew. @throws AnalyticsError when it does not tell of what the store refused these for */
async function laterMark(erasures: Erasures, refused: readonly NewMetricChunk[]): Promise<ErasureMark> {
  const mark = await erasures.refresh();
  if (refused.every(({ generation = 0, isAsked }) => isAsked === false || mark.generation > generation)) return mark;
  throw new AnalyticsError('STORE_INCONSISTENT', 'The store knows of an erasure that the list of who was erased does not tell of. Was a part of Redis restored or removed?');
}

function sizeOf({ series }: NewMetricChunk): number {
  let size = 0;
  for (const { times } of series.values()) size += times.length;
  return size;
}

function withoutSeries(chunk: NewMetricChunk, dropped: readonly string[]): NewMetricChunk {
  const less = { ...chunk, series: without(chunk.series, new Set(dropped)) };
  return { ...less, leftOut: chunk.leftOut + sizeOf(chunk) - sizeOf(less) };
}

function without(series: NewMetricChunk['series'], dropped: ReadonlySet<string>): NewMetricChunk['series'] {
  return dropped.size === 0 ? series : new Map([...series].filter(([seriesId]) => !dropped.has(seriesId)));
}

function splitByMetric(jobId: string, rows: MetricRows, oldestKept: number, secrets: ReadingKeys): Draft[] {
  const drafts = new Map<string, Draft>();
  const parsed = new Map<string, Readonly<Record<string, string>>>();
  const seriesIds = new Map<string, string>();
  for (const [place, name] of rows.names.entries()) {
    const timestamp = rows.timestamps[place]!;
    const value = rows.values[place]!;
    if (!Number.isFinite(value)) throw new BatchError('A batch holds a value that is not finite.');
    if (timestamp < oldestKept) continue;
    const hour = hourOf(timestamp);
    const draftName = `${hour}:${name}`;
    let draft = drafts.get(draftName);
    if (draft === undefined) {
      // By its name in keys: a hash of the name itself could be looked up by guessing, as job ids stand in clear.
      const chunkId = chunkIdOf(jobId, `metric ${metricKeyName(name, secrets.fingerprints)}`, hour);
      draft = { name, hour, chunkId, series: new Map(), leftOut: 0 };
      drafts.set(draftName, draft);
    }
    const text = rows.tags[place]!;
    let tags = parsed.get(text);
    if (tags === undefined) {
      tags = parseTags(text);
      parsed.set(text, tags);
    }
    const seriesName = `${name.length}:${name}${text}`;
    let seriesId = seriesIds.get(seriesName);
    if (seriesId === undefined) {
      seriesId = seriesIdOf(name, text, secrets);
      seriesIds.set(seriesName, seriesId);
    }
    let series = draft.series.get(seriesId);
    if (series === undefined) {
      series = { tags, times: [], values: [] };
      draft.series.set(seriesId, series);
    }
    series.times.push(timestamp);
    series.values.push(value);
  }
  return [...drafts.values()];
}
