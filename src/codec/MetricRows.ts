/** Samples as columns, the way they travel in a batch. */
export interface MetricRows {
  readonly names: readonly string[];
  /** Canonical JSON of each sample's tags: an object with sorted keys. */
  readonly tags: readonly string[];
  /** ms since the epoch. */
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}
