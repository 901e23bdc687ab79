import { jobs } from '../../queues/jobs.js';
import { decompress } from '../codec/compression.js';
import type { MetricRows } from '../codec/MetricRows.js';
import { decodeMetricRows } from '../codec/metricRowsText.js';
import { BatchError, readBatch } from '../errors/BatchError.js';
import type { KeyRing } from '../security/KeyRing.js';
import { openBatch } from './openBatch.js';

/**
 * Opens a batch of samples.
 *
 * @param data what the job carries; checked here, since anybody who reaches the queue can put something there
 * @throws ZodError, KeyError, or BatchError, with no word of the content
 */
export async function openMetricBatch(jobId: string, data: unknown, keyRing: KeyRing): Promise<MetricRows> {
  const payload = jobs.metrics.payload.parse(data);
  const packed = await openBatch(jobId, 'metrics', payload, keyRing);
  const rows = readBatch(() => decodeMetricRows(decompress(packed)));
  if (rows.values.length !== payload.n) {
    throw new BatchError('A batch does not hold what its job says.');
  }
  return rows;
}

/** The tags of a sample. @throws BatchError */
export function parseTags(text: string): Readonly<Record<string, string>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BatchError('A batch holds tags that are not JSON.');
  }
  if (typeof value !== 'object' || value === null || !Object.values(value).every((tag) => typeof tag === 'string')) {
    throw new BatchError('A batch holds tags that are not strings.');
  }
  return value as Readonly<Record<string, string>>; // checked in the line above
}
