import type { AggregationDefinition } from './aggregations.js';
import type { Aggregation, BuiltInAggregation } from './aggregation.js';
import { CustomColumn } from './CustomColumn.js';
import { DistinctColumn } from './DistinctColumn.js';
import { EdgeColumn } from './EdgeColumn.js';
import { ExtremaColumn } from './ExtremaColumn.js';
import { MomentColumn } from './MomentColumn.js';
import { QuantileSketch } from './QuantileSketch.js';
import type { RollupTable } from './RollupTable.js';
import { placeOf, type Samples } from './Samples.js';
import { StepColumn } from './StepColumn.js';
import { SumColumn } from './SumColumn.js';

/** An aggregation that was asked for, under the name that it is given back. */
export interface WantedAggregation {
  readonly name: string;
  readonly of:
    | Exclude<Aggregation, { kind: 'distinct' }>
    | { readonly kind: 'distinct'; readonly tagKey: string; readonly valueOf: Int32Array }
    | CustomAggregation;
}

/** One that an application defined. */
export interface CustomAggregation {
  readonly kind: 'custom';
  readonly definition: AggregationDefinition<unknown>;
}

export interface CellsOptions {
  readonly wanted: readonly WantedAggregation[];
  /** Edges of the buckets: one more than buckets. */
  readonly edges: Float64Array;
  /** By series: its group. */
  readonly groupOf: Int32Array;
  readonly groups: number;
  /** The part of time that the buckets are about, ms, the end left out. Where infinite, it reaches to the first or last sample. */
  readonly from: number;
  readonly to: number;
}

/** Aggregations that hang on the order of a series' samples. */
const ORDERED: ReadonlySet<string> = new Set<BuiltInAggregation>(['rate', 'increase', 'delta']);

/** Whether samples of a series have to come in the order of (time, value), over the whole range. */
export function needsOrder(wanted: readonly WantedAggregation[]): boolean {
  return wanted.some(({ of }) => of.kind === 'custom' || (of.kind === 'builtIn' && ORDERED.has(of.name)));
}

/** Whether rows of tiers are enough: none is asked for that only samples can tell. */
export function canUseRows(wanted: readonly WantedAggregation[]): boolean {
  return wanted.every(({ of }) => of.kind !== 'custom');
}

/** Whether rows have to have sketches. */
export function needsSketches(wanted: readonly WantedAggregation[]): boolean {
  return wanted.some(({ of }) => of.kind === 'percentile');
}

/**
 * The buckets of all groups while they are filled, from samples and from rows of tiers. A cell is one bucket of one group.
 * Each statistic that is needed is a column over the cells; no object is made for a sample, a row or a run of them.
 */
export class AggregationCells {
  readonly #options: CellsOptions;
  readonly #buckets: number;
  readonly #count: Float64Array;
  readonly #sum: SumColumn | undefined;
  readonly #extrema: ExtremaColumn | undefined;
  readonly #sampleEdges: EdgeColumn | undefined;
  readonly #moments: MomentColumn | undefined;
  readonly #steps: StepColumn | undefined;
  readonly #sketches: (QuantileSketch | undefined)[] | undefined;
  readonly #distinct: ReadonlyMap<string, DistinctColumn>;
  readonly #custom: ReadonlyMap<string, CustomColumn>;
  readonly #tracksSpan: boolean;
  #firstTime = Infinity;
  #lastTime = -Infinity;

  constructor(options: CellsOptions) {
    const { wanted, edges, groupOf, groups } = options;
    this.#options = options;
    this.#buckets = edges.length - 1;
    const cells = groups * this.#buckets;
    const names = new Set(wanted.map(({ of }) => (of.kind === 'builtIn' ? of.name : of.kind)));
    const hasAny = (...some: readonly string[]): boolean => some.some((name) => names.has(name as BuiltInAggregation)); // a set of texts
    this.#count = new Float64Array(cells);
    this.#sum = hasAny('sum', 'avg') ? SumColumn.ofSize(cells) : undefined;
    this.#extrema = hasAny('min', 'max', 'range', 'percentile') ? ExtremaColumn.ofSize(cells) : undefined;
    this.#sampleEdges = hasAny('first', 'firstTime', 'last', 'lastTime') ? EdgeColumn.ofSize(cells) : undefined;
    this.#moments = hasAny('variance', 'stddev') ? MomentColumn.ofSize(cells) : undefined;
    this.#tracksSpan = !Number.isFinite(options.from) || !Number.isFinite(options.to);
    this.#steps = hasAny('rate', 'increase', 'delta') ? new StepColumn(cells, groupOf.length) : undefined;
    this.#sketches = hasAny('percentile') ? Array.from({ length: cells }) : undefined;
    this.#distinct = new Map(wanted.flatMap(({ name, of }) => (of.kind === 'distinct' ? [[name, new DistinctColumn(cells, of.valueOf)]] : [])));
    this.#custom = new Map(
      wanted.flatMap(({ name, of }) => (of.kind === 'custom' ? [[name, new CustomColumn(name, of.definition, groupOf.length)]] : [])),
    );
  }

  /** Adds samples `from` to before `to` of a series; none lies outside of the buckets. */
  addSamples(series: number, samples: Samples, from: number, to: number): void {
    const { edges, groupOf } = this.#options;
    const { times } = samples;
    const firstCell = groupOf[series]! * this.#buckets;
    let bucket = 0;
    for (let start = from; start < to; ) {
      bucket = this.#bucketOf(times[start]!, bucket);
      const end = placeOf(times, edges[bucket + 1]!, start, to);
      this.#addRun(firstCell + bucket, series, samples, start, end);
      start = end;
    }
  }

  /** Adds rows `from` to before `to` of a table, all of one series; none reaches across an edge of the buckets. */
  addRows(series: number, table: RollupTable, from: number, to: number): void {
    const { edges, groupOf } = this.#options;
    const { start, width, buckets } = table;
    const firstCell = groupOf[series]! * this.#buckets;
    let bucket = 0;
    for (let first = from; first < to; ) {
      bucket = this.#bucketOf(start + buckets[first]! * width, bucket);
      const limit = (edges[bucket + 1]! - start) / width;
      let end = first + 1;
      while (end < to && buckets[end]! < limit) end += 1;
      this.#addRowRun(firstCell + bucket, series, table, first, end);
      first = end;
    }
  }

  /** The part of time that the buckets are about, ms, the end left out. */
  get span(): { readonly from: number; readonly to: number } {
    const { from, to } = this.#options;
    return { from: Number.isFinite(from) ? from : this.#firstTime, to: Number.isFinite(to) ? to : this.#lastTime + 1 };
  }

  /** Samples that were added to each bucket of a group. */
  counts(group: number): Float64Array {
    return this.#count.subarray(group * this.#buckets, (group + 1) * this.#buckets);
  }

  /** By cell: what an aggregation comes to; null where there were no samples, or the result is beyond the largest double. */
  results({ name, of }: WantedAggregation): readonly (number | null)[] {
    if (of.kind === 'custom') return this.#custom.get(name)!.results(this.#count.length);
    const result = this.#resultOf(name, of);
    return Array.from(this.#count, (count, cell) => {
      if (count === 0) return null;
      const number = result(cell);
      return Number.isFinite(number) ? number : null;
    });
  }

  /** The bucket that a time is in; `from` is one at or before it. */
  #bucketOf(time: number, from: number): number {
    const { edges } = this.#options;
    if (time < edges[from + 1]!) return from;
    if (from + 2 < edges.length && time < edges[from + 2]!) return from + 1;
    let low = from + 1;
    let high = edges.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (edges[middle]! <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #addRun(cell: number, series: number, samples: Samples, from: number, to: number): void {
    const { times, values } = samples;
    this.#count[cell]! += to - from;
    if (this.#tracksSpan) this.#extendSpan(times[from]!, times[to - 1]!);
    this.#sum?.addValues(cell, values, from, to);
    this.#extrema?.addValues(cell, values, from, to);
    this.#sampleEdges?.addSamples(cell, samples, from, to);
    this.#moments?.addValues(cell, values, from, to);
    this.#steps?.addSamples(cell, series, samples, from, to);
    if (this.#sketches !== undefined) (this.#sketches[cell] ??= new QuantileSketch()).addValues(values, from, to);
    for (const column of this.#distinct.values()) column.add(cell, series);
    for (const column of this.#custom.values()) column.addSamples(cell, series, samples, from, to);
  }

  #addRowRun(cell: number, series: number, table: RollupTable, from: number, to: number): void {
    const { count } = table;
    let samples = 0;
    for (let row = from; row < to; row += 1) samples += count[row]!;
    this.#count[cell]! += samples;
    if (this.#tracksSpan) this.#extendSpan(table.edges.firstTime[from]!, table.edges.lastTime[to - 1]!);
    this.#sum?.merge(cell, table.sum, from, to);
    this.#extrema?.merge(cell, table.extrema, from, to);
    this.#sampleEdges?.merge(cell, table.edges, from, to);
    const [moments, steps] = [this.#moments, this.#steps];
    for (let row = from; moments !== undefined && row < to; row += 1) moments.join(cell, count[row]!, table.sum.result(row) / count[row]!, table.squares[row]!);
    for (let row = from; steps !== undefined && row < to; row += 1) steps.merge(cell, series, table, row);
    if (this.#sketches !== undefined && table.sketches !== undefined) (this.#sketches[cell] ??= new QuantileSketch()).addRows(table.sketches, from, to);
    for (const column of this.#distinct.values()) column.add(cell, series);
  }

  #extendSpan(first: number, last: number): void {
    this.#firstTime = Math.min(this.#firstTime, first);
    this.#lastTime = Math.max(this.#lastTime, last);
  }

  #resultOf(name: string, of: Exclude<WantedAggregation['of'], { kind: 'custom' }>): (cell: number) => number {
    switch (of.kind) {
      case 'distinct':
        return (cell) => this.#distinct.get(name)!.result(cell);
      case 'percentile':
        return (cell) => Math.min(Math.max(this.#sketches![cell]!.percentile(of.percent), this.#extrema!.min[cell]!), this.#extrema!.max[cell]!);
      case 'builtIn':
        return this.#builtIn(of.name);
    }
  }

  /** The constructor made the columns that the wanted names need. */
  #builtIn(name: BuiltInAggregation): (cell: number) => number {
    switch (name) {
      case 'count':
        return (cell) => this.#count[cell]!;
      case 'sum':
        return (cell) => this.#sum!.result(cell);
      case 'avg':
        return (cell) => this.#sum!.result(cell) / this.#count[cell]!;
      case 'min':
        return (cell) => this.#extrema!.min[cell]!;
      case 'max':
        return (cell) => this.#extrema!.max[cell]!;
      case 'range':
        return (cell) => this.#extrema!.max[cell]! - this.#extrema!.min[cell]!;
      case 'first':
      case 'firstTime':
      case 'last':
      case 'lastTime':
        return (cell) => this.#sampleEdges![name][cell]!;
      case 'variance':
        return (cell) => this.#moments!.variance(cell);
      case 'stddev':
        return (cell) => Math.sqrt(this.#moments!.variance(cell));
      case 'increase':
        return (cell) => this.#steps!.increase.result(cell);
      case 'delta':
        return (cell) => this.#steps!.delta.result(cell);
      case 'rate':
        return (cell) => (this.#steps!.increase.result(cell) / this.#lengthOf(cell % this.#buckets)) * 1000;
    }
  }

  /** ms of a bucket that lie in the range. */
  #lengthOf(bucket: number): number {
    const { edges } = this.#options;
    const { from, to } = this.span;
    return Math.min(edges[bucket + 1]!, to) - Math.max(edges[bucket]!, from);
  }
}
