/** Samples as columns, the way they travel in a batch. */
export interface MetricRows {
  readonly names: readonly string[];
  /** Canonical JSON of each sample's tags: an object with sorted keys. */
  readonly tags: readonly string[];
  /** ms since the epoch. */
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}

/** Samples of one metric as they rest in a chunk: the series' tags are kept beside, once. */
export interface SampleRows {
  /** 8 bytes as 16 hex digits. */
  readonly series: readonly string[];
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}
