/** Samples of one series in the order of (time, value): those of one time too, so that the order never depends on chunks. */
export interface SeriesSamples {
  /** 8 bytes as 16 hex digits. */
  readonly seriesId: string;
  /** ms since 1970. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}
