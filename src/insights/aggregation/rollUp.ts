import { EdgeColumn } from './EdgeColumn.js';
import { ExtremaColumn } from './ExtremaColumn.js';
import { MomentColumn } from './MomentColumn.js';
import { QuantileSketch, type SketchBins } from './QuantileSketch.js';
import type { RollupTable, SketchRows } from './RollupTable.js';
import { placeOf, type Samples } from './Samples.js';
import { StepColumn } from './StepColumn.js';
import { SumColumn } from './SumColumn.js';

export interface SeriesSamples extends Samples {
  readonly seriesId: string;
}

export interface RollupOptions {
  /** ms since 1970 where bucket 0 begins; no sample lies before it. */
  readonly start: number;
  /** ms of a bucket. */
  readonly width: number;
  /** Whether percentiles can be answered from the table: about 2 bytes for each different bin of a row. */
  readonly withSketches: boolean;
}

/** @param series each in the order of (time, value), and once */
export function rollUp(series: readonly SeriesSamples[], options: RollupOptions): RollupTable {
  const { start, width } = options;
  const runs: Run[] = [];
  const firstRows = new Uint32Array(series.length + 1);
  for (const [place, { times }] of series.entries()) {
    firstRows[place] = runs.length;
    for (let from = 0; from < times.length; ) {
      const bucket = Math.floor((times[from]! - start) / width);
      const to = placeOf(times, start + (bucket + 1) * width, from, times.length);
      runs.push({ place, bucket, from, to });
      from = to;
    }
  }
  firstRows[series.length] = runs.length;
  const columns = columnsOf(runs.length, options);
  for (const [row, { place, from, to }] of runs.entries()) {
    const samples = series[place]!;
    columns.count[row] = to - from;
    columns.sum.addValues(row, samples.values, from, to);
    columns.extrema.addValues(row, samples.values, from, to);
    columns.edges.addSamples(row, samples, from, to);
    columns.moments.addValues(row, samples.values, from, to);
    // Each row counts as a series of its own, so that no step leads from one to the next.
    columns.steps.addSamples(row, row, samples, from, to);
    if (columns.sketches !== undefined) {
      const sketch = new QuantileSketch();
      sketch.addValues(samples.values, from, to);
      columns.sketches[row] = sketch.bins();
    }
  }
  return tableOf(options, series.map(({ seriesId }) => seriesId), firstRows, Uint32Array.from(runs, ({ bucket }) => bucket), columns);
}

/** Samples of one series in one bucket. */
interface Run {
  readonly place: number;
  readonly bucket: number;
  readonly from: number;
  readonly to: number;
}

export interface RowOptions extends RollupOptions {
  /** Whether a row is taken. Default: all. */
  readonly keeps?: ((table: RollupTable, row: number) => boolean) | undefined;
}

/** Joins the rows of tables to rows of the same `width` or a greater one. */
export function rollUpRows(tables: readonly RollupTable[], options: RowOptions): RollupTable {
  const { start, width, keeps } = options;
  const rowsOf = new Map<string, FinerRow[]>();
  for (const table of tables) {
    for (const [place, seriesId] of table.seriesIds.entries()) {
      const rows = rowsOf.get(seriesId) ?? [];
      rowsOf.set(seriesId, rows);
      for (let row = table.firstRows[place]!; row < table.firstRows[place + 1]!; row += 1) {
        if (keeps?.(table, row) === false) continue;
        const time = table.start + table.buckets[row]! * table.width;
        rows.push({ table, row, time, bucket: Math.floor((time - start) / width) });
      }
    }
  }
  for (const [seriesId, rows] of rowsOf) {
    if (rows.length === 0) rowsOf.delete(seriesId);
    else rows.sort((one, other) => one.time - other.time);
  }
  const seriesIds = [...rowsOf.keys()];
  const firstRows = new Uint32Array(seriesIds.length + 1);
  const buckets: number[] = [];
  for (const [place, rows] of [...rowsOf.values()].entries()) {
    firstRows[place] = buckets.length;
    for (const [at, { bucket }] of rows.entries()) if (at === 0 || bucket !== rows[at - 1]!.bucket) buckets.push(bucket);
  }
  firstRows[seriesIds.length] = buckets.length;
  const columns = columnsOf(buckets.length, options);
  let row = 0;
  for (const rows of rowsOf.values()) {
    for (let from = 0; from < rows.length; row += 1) {
      let to = from + 1;
      while (to < rows.length && rows[to]!.bucket === rows[from]!.bucket) to += 1;
      const parts = rows.slice(from, to);
      for (const finer of parts) addRow(columns, row, finer);
      if (columns.sketches !== undefined) columns.sketches[row] = joinSketches(parts);
      from = to;
    }
  }
  return tableOf(options, seriesIds, firstRows, Uint32Array.from(buckets), columns);
}

interface FinerRow {
  readonly table: RollupTable;
  readonly row: number;
  readonly time: number;
  readonly bucket: number;
}

interface Columns {
  readonly count: Float64Array;
  readonly sum: SumColumn;
  readonly extrema: ExtremaColumn;
  readonly edges: EdgeColumn;
  readonly moments: MomentColumn;
  readonly steps: StepColumn;
  /** By row: the bins of its sketch. */
  readonly sketches: SketchBins[] | undefined;
}

function columnsOf(rows: number, { withSketches }: RollupOptions): Columns {
  return {
    count: new Float64Array(rows),
    sum: SumColumn.ofSize(rows),
    extrema: ExtremaColumn.ofSize(rows),
    edges: EdgeColumn.ofSize(rows),
    moments: MomentColumn.ofSize(rows),
    steps: new StepColumn(rows, rows),
    sketches: withSketches ? [] : undefined,
  };
}

function addRow({ count, sum, extrema, edges, moments, steps }: Columns, row: number, { table, row: finer }: FinerRow): void {
  const samples = table.count[finer]!;
  count[row]! += samples;
  sum.merge(row, table.sum, finer, finer + 1);
  extrema.merge(row, table.extrema, finer, finer + 1);
  edges.merge(row, table.edges, finer, finer + 1);
  moments.join(row, samples, table.sum.result(finer) / samples, table.squares[finer]!);
  steps.merge(row, row, table, finer);
}

function joinSketches(rows: readonly FinerRow[]): SketchBins {
  const [only] = rows;
  if (rows.length === 1 && only?.table.sketches !== undefined) return binsOfRow(only.table.sketches, only.row);
  const sketch = new QuantileSketch();
  for (const { table, row } of rows) if (table.sketches !== undefined) sketch.addRows(table.sketches, row, row + 1);
  return sketch.bins();
}

/** A row that stands alone is taken over as it is: most of a day's rows, when one hour of it was merged anew. */
function binsOfRow({ firstBins, bins, counts }: SketchRows, row: number): SketchBins {
  const [from, to] = [firstBins[row]!, firstBins[row + 1]!];
  return { bins: bins.subarray(from, to), counts: counts.subarray(from, to) };
}

function tableOf(
  { start, width }: RollupOptions,
  seriesIds: readonly string[],
  firstRows: Uint32Array,
  buckets: Uint32Array,
  { count, sum, extrema, edges, moments, steps, sketches }: Columns,
): RollupTable {
  const kept = sketches === undefined ? undefined : sketchRows(sketches);
  return { start, width, seriesIds, firstRows, buckets, count, sum, extrema, edges, increase: steps.increase, squares: moments.squares, sketches: kept };
}

function sketchRows(rows: readonly SketchBins[]): SketchRows {
  const firstBins = new Uint32Array(rows.length + 1);
  for (const [row, { bins }] of rows.entries()) firstBins[row + 1] = firstBins[row]! + bins.length;
  const bins = new Int32Array(firstBins[rows.length]!);
  const counts = new Float64Array(bins.length);
  for (const [row, one] of rows.entries()) {
    bins.set(one.bins, firstBins[row]!);
    counts.set(one.counts, firstBins[row]!);
  }
  return { firstBins, bins, counts };
}
