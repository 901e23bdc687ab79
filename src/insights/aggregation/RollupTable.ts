import type { EdgeColumn } from './EdgeColumn.js';
import type { ExtremaColumn } from './ExtremaColumn.js';
import type { SumColumn } from './SumColumn.js';

/** What is kept of the samples of each series in each of a tier's buckets. The rows of a series lie together, oldest first. */
export interface RollupTable {
  /** ms since 1970 of bucket 0, and of each bucket's length. */
  readonly start: number;
  readonly width: number;
  /** 8 bytes as 16 hex digits each. */
  readonly seriesIds: readonly string[];
  /** The first row of each series, and after the last series the number of rows. */
  readonly firstRows: Uint32Array;
  /** By row, as are all further columns: which bucket. Buckets without samples have no row. */
  readonly buckets: Uint32Array;
  readonly count: Float64Array;
  readonly sum: SumColumn;
  readonly extrema: ExtremaColumn;
  readonly edges: EdgeColumn;
  /** Within the row: not the step from the row before. */
  readonly increase: SumColumn;
  /** Sum of squared distances from the mean. */
  readonly squares: Float64Array;
  /** Absent in tiers too fine for it. */
  readonly sketches: SketchRows | undefined;
}

/** Bins of the quantile sketches of all rows, one row after the other. */
export interface SketchRows {
  /** Where each row's bins begin, and after the last row the number of bins. */
  readonly firstBins: Uint32Array;
  readonly bins: Int32Array;
  readonly counts: Float64Array;
}
