import { compressFast } from '../codec/compression.js';
import { newBatchId } from '../codec/batchId.js';
import { encodeMetricRows } from '../codec/metricRowsText.js';
import type { OpenBatch } from './batch.js';
import type { NormalizedMetric } from './normalizeMetric.js';

/** Bytes that a sample takes in a batch, roughly: 24 are its time and value. */
export function sampleBytes({ name, tagsJson }: NormalizedMetric): number {
  return name.length + tagsJson.length + 24;
}

/** Samples on their way to one job. */
export class MetricBatch implements OpenBatch<NormalizedMetric> {
  readonly id: string;
  #samples: NormalizedMetric[] = [];
  #count = 0;
  #bytes = 0;

  constructor(now: number) {
    this.id = newBatchId(now);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(sample: NormalizedMetric): number {
    this.#bytes += sampleBytes(sample);
    this.#count += 1;
    return this.#samples.push(sample) - 1;
  }

  encode(): Buffer {
    const samples = this.#samples;
    this.#samples = [];
    return compressFast(
      encodeMetricRows({
        names: samples.map((sample) => sample.name),
        tags: samples.map((sample) => sample.tagsJson),
        timestamps: samples.map((sample) => sample.timestamp),
        values: samples.map((sample) => sample.value),
      }),
    );
  }
}
