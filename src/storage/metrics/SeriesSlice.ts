import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';

/** Samples of one series in one hour, from one chunk. A series may have several slices in an hour, and they may overlap. */
export interface SeriesSlice extends SeriesSamples {
  /** Whether they lie in a merged chunk, so that the hour's rollup counts them. */
  readonly isMerged: boolean;
}

/** One UTC hour of a metric, as it was at one moment: each sample is in exactly one slice. */
export interface MetricHour {
  readonly hour: number;
  /**
   * Which merged chunks the hour had: 0 for none. Another number stands for other merged samples, whatever small chunks
   * there are beside them. What was computed from merged samples holds as long as it stays.
   */
  readonly version: number;
  readonly slices: readonly SeriesSlice[];
}

export interface HoursOptions {
  /** Least and greatest time of a sample, ms, both included; may be infinite. */
  readonly lower: number;
  readonly upper: number;
  /** Series to read, by id. Default: all. Blocks that hold none of them are neither fetched nor opened. */
  readonly series?: ReadonlySet<string> | undefined;
  /** `small` leaves out merged chunks, for a query that has a rollup of them; `merged` leaves out small ones. Default: `all`. */
  readonly parts?: 'all' | 'small' | 'merged';
}
