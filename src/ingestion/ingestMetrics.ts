import type { BatchResult } from '../../queues/jobs.js';
import type { MetricRows } from '../codec/MetricRows.js';
import { BatchError } from '../errors/BatchError.js';
import { chunkIdOf } from '../redis/keys.js';
import type { KeyRing, ReadingKeys } from '../security/KeyRing.js';
import { hourOf } from '../codec/hours.js';
import { metricKeyName } from '../storage/metricKeyName.js';
import type { MetricStore, NewMetricChunk, NewSeries } from '../storage/MetricStore.js';
import { seriesIdOf } from '../storage/seriesTags.js';
import { openMetricBatch, parseTags } from './openMetricBatch.js';

export interface IngestMetricsContext {
  readonly store: MetricStore;
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

/** Stores one batch of samples: open, split by metric and UTC hour, seal, store. Safe to run again. */
export async function ingestMetrics(jobId: string, data: unknown, context: IngestMetricsContext): Promise<BatchResult> {
  const rows = await openMetricBatch(jobId, data, context.keyRing);
  const secrets = context.keyRing.reading!; // openMetricBatch throws without
  let pending: NewMetricChunk[] = splitByMetric(jobId, rows, context.oldestKept, secrets);
  const kept = pending.reduce((sum, chunk) => sum + sizeOf(chunk), 0);
  const counts = { stored: 0, duplicates: 0, overflow: 0 };

  // Each round leaves out a series at least, so it ends.
  while (pending.length > 0) {
    const outcomes = await context.store.store(pending);
    const again: NewMetricChunk[] = [];
    for (const [place, outcome] of outcomes.entries()) {
      const chunk = pending[place]!;
      if (outcome.kind === 'full') again.push(withoutSeries(chunk, outcome.series));
      else if (outcome.kind === 'known') counts.duplicates += sizeOf(chunk) + chunk.leftOut;
      else {
        counts.stored += sizeOf(chunk);
        counts.overflow += chunk.leftOut;
        if (chunk.leftOut > 0) context.onOverflow?.(metricKeyName(chunk.name, secrets.fingerprints), chunk.leftOut);
      }
    }
    pending = again;
  }
  return { ...counts, expired: rows.values.length - kept };
}

function sizeOf({ series }: NewMetricChunk): number {
  let size = 0;
  for (const { times } of series.values()) size += times.length;
  return size;
}

function withoutSeries(chunk: NewMetricChunk, dropped: readonly string[]): NewMetricChunk {
  const series = new Map(chunk.series);
  for (const seriesId of dropped) series.delete(seriesId);
  const less = { ...chunk, series };
  return { ...less, leftOut: chunk.leftOut + sizeOf(chunk) - sizeOf(less) };
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
