import type { SampleRows } from '../codec/MetricRows.js';
import { decodeSampleRows } from '../codec/metricRowsText.js';
import { limits } from '../contract/limits.js';
import type { Keys } from '../redis/keys.js';
import { ChunkReader, type ChunkReaderOptions } from './ChunkReader.js';

export type MetricReader = ChunkReader<SampleRows>;

/** Reads chunks of samples. `series` is the metric's name as it stands in keys: see `metricKeyName`. */
export function createMetricReader(keys: Keys, options: ChunkReaderOptions): MetricReader {
  return new ChunkReader<SampleRows>(
    {
      kind: 'metrics',
      keysOf: (keyName) => keys.metric(keyName),
      // Samples of one time come in the order of their chunks' ids (40 bits of them, exact in a double), then of rows.
      split: (stored, entry) => ({ sealed: stored, firstOffset: entry.chunkId.readUIntBE(0, 5) * limits.batchSize }),
      decode: decodeSampleRows,
      countOf: (rows) => rows.timestamps.length,
    },
    options,
  );
}
