import { jobs, type BatchResult } from '../../queues/jobs.js';
import { decompress } from '../codec/compression.js';
import type { MetricRows } from '../codec/MetricRows.js';
import { decodeMetricRows } from '../codec/metricRowsText.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { chunkIdOf } from '../redis/keys.js';
import type { KeyRing, ReadingKeys } from '../security/KeyRing.js';
import { hourOf } from '../codec/hours.js';
import { metricKeyName } from '../storage/metricKeyName.js';
import type { MetricStore, NewMetricChunk } from '../storage/MetricStore.js';
import { seriesIdOf } from '../storage/seriesTags.js';
import { openBatch } from './openBatch.js';

export interface IngestMetricsContext {
  readonly store: MetricStore;
  readonly keyRing: KeyRing;
  /** ms since the epoch. Samples before this are not stored. */
  readonly oldestKept: number;
}

interface Draft extends NewMetricChunk {
  readonly rows: { readonly series: string[]; readonly timestamps: number[]; readonly values: number[] };
  readonly series: Map<string, Readonly<Record<string, string>>>;
}

/** Stores one batch of samples: open, split by metric and UTC hour, seal, store. Safe to run again. */
export async function ingestMetrics(jobId: string, data: unknown, context: IngestMetricsContext): Promise<BatchResult> {
  const payload = jobs.metrics.payload.parse(data);
  const packed = await openBatch(jobId, 'metrics', payload, context.keyRing);
  const rows = decodeMetricRows(decompress(packed));
  if (rows.values.length !== payload.n) {
    throw new AnalyticsError('STORE_INCONSISTENT', 'A batch does not hold what its job says.');
  }
  const chunks = splitByMetric(jobId, rows, context.oldestKept, context.keyRing.reading!); // openBatch throws without
  const kept = chunks.reduce((sum, chunk) => sum + chunk.rows.values.length, 0);
  const wereStored = chunks.length === 0 ? [] : await context.store.store(chunks);
  let stored = 0;
  for (const [place, chunk] of chunks.entries()) if (wereStored[place]) stored += chunk.rows.values.length;
  return { stored, duplicates: kept - stored, expired: rows.values.length - kept };
}

function splitByMetric(jobId: string, rows: MetricRows, oldestKept: number, secrets: ReadingKeys): Draft[] {
  const drafts = new Map<string, Draft>();
  const parsed = new Map<string, Readonly<Record<string, string>>>();
  const seriesIds = new Map<string, string>();
  for (const [place, name] of rows.names.entries()) {
    const timestamp = rows.timestamps[place]!;
    const value = rows.values[place]!;
    if (!Number.isFinite(value)) throw new AnalyticsError('STORE_INCONSISTENT', 'A batch holds a value that is not finite.');
    if (timestamp < oldestKept) continue;
    const hour = hourOf(timestamp);
    const draftName = `${hour}:${name}`;
    let draft = drafts.get(draftName);
    if (draft === undefined) {
      // By its name in keys: a hash of the name itself could be looked up by guessing, as job ids stand in clear.
      const chunkId = chunkIdOf(jobId, `metric ${metricKeyName(name, secrets.fingerprints)}`, hour);
      draft = { name, hour, chunkId, rows: { series: [], timestamps: [], values: [] }, series: new Map() };
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
    draft.series.set(seriesId, tags);
    draft.rows.series.push(seriesId);
    draft.rows.timestamps.push(timestamp);
    draft.rows.values.push(value);
  }
  return [...drafts.values()];
}

function parseTags(text: string): Readonly<Record<string, string>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AnalyticsError('STORE_INCONSISTENT', 'A batch holds tags that are not JSON.');
  }
  if (typeof value !== 'object' || value === null || !Object.values(value).every((tag) => typeof tag === 'string')) {
    throw new AnalyticsError('STORE_INCONSISTENT', 'A batch holds tags that are not strings.');
  }
  return value as Readonly<Record<string, string>>; // checked in the line above
}
