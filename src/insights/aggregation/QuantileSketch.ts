import { DDSketch } from '@datadog/sketches-js';

import type { SketchRows } from './RollupTable.js';

/** Just below 1 %, so that what is promised holds after the roundings of a logarithm as well. */
const RELATIVE_ERROR = 0.0099;
/** Above every key of the mapping: they reach from -35,900 to 35,900. */
const KEY_OFFSET = 40_000;
/** Places that the dense part may have for nothing, and for each value. */
const FREE_WIDTH = 64;
const WIDTH_PER_VALUE = 16;
const MOST_WIDTH = 4096;

// DDSketch's own mapping of values to bins and back.
const { mapping } = new DDSketch({ relativeAccuracy: RELATIVE_ERROR });

/** Bins that have a count, in the order of their values. */
export interface SketchBins {
  readonly bins: Int32Array;
  readonly counts: Float64Array;
}

/**
 * A DDSketch: counts of values in bins that grow by a constant factor, so that a quantile is off by at most 1 % of its
 * value. The bins are those of `@datadog/sketches-js`. The counts are kept here, since the library's `merge` (2.1.1) leaves
 * out negative values, its serialised form needs a package that it does not bring, and its arrays reach from the least to
 * the greatest value: 70,000 bins for two values that lie far apart.
 *
 * One number orders all bins: negative for negative values, 0 for zero (and what is nearer to it than 1.2e-308), so
 * joining two sketches is adding counts. Counts are whole, so it does not matter in what order or over which tiers.
 */
export class QuantileSketch {
  #count = 0;
  /** Counts of the bins `#start` and on, where most are. */
  #dense = new Float64Array(0);
  #start = 0;
  /** Counts of bins too far from those for an array. */
  #far: Map<number, number> | undefined;

  get count(): number {
    return this.#count;
  }

  addValues(values: Float64Array, from: number, to: number): void {
    for (let place = from; place < to; place += 1) this.#addBin(binOf(values[place]!), 1);
  }

  /** Adds the rows `from` to before `to` of a table. */
  addRows({ firstBins, bins, counts }: SketchRows, from: number, to: number): void {
    for (let place = firstBins[from]!; place < firstBins[to]!; place += 1) this.#addBin(bins[place]!, counts[place]!);
  }

  #addBin(bin: number, count: number): void {
    this.#count += count;
    const place = bin - this.#start;
    if (place >= 0 && place < this.#dense.length) this.#dense[place]! += count;
    else if (this.#reach(bin)) this.#dense[bin - this.#start]! += count;
    else {
      this.#far ??= new Map();
      this.#far.set(bin, (this.#far.get(bin) ?? 0) + count);
    }
  }

  bins(): SketchBins {
    const far = [...(this.#far ?? [])].sort(([one], [other]) => one - other);
    let size = far.length;
    for (const count of this.#dense) if (count > 0) size += 1;
    const bins = new Int32Array(size);
    const counts = new Float64Array(size);
    let at = 0;
    const add = (bin: number, count: number): void => {
      bins[at] = bin;
      counts[at] = count;
      at += 1;
    };
    for (const [bin, count] of far) if (bin < this.#start) add(bin, count);
    for (let place = 0; place < this.#dense.length; place += 1) if (this.#dense[place]! > 0) add(this.#start + place, this.#dense[place]!);
    for (const [bin, count] of far) if (bin > this.#start) add(bin, count);
    return { bins, counts };
  }

  /**
   * The value at the place `percent / 100 × (count - 1)`, rounded down, of the values in order: within 1 % of it.
   * NaN where there are no values.
   */
  percentile(percent: number): number {
    const { bins, counts } = this.bins();
    let left = Math.floor((percent * (this.#count - 1)) / 100);
    for (const [place, count] of counts.entries()) {
      left -= count;
      if (left < 0) return valueOf(bins[place]!);
    }
    return NaN;
  }

  /** Makes the array reach `bin`, if it then is not wider than its values are worth. */
  #reach(bin: number): boolean {
    const isNew = this.#dense.length === 0;
    const start = isNew ? bin : Math.min(this.#start, bin);
    const end = isNew ? bin + 1 : Math.max(this.#start + this.#dense.length, bin + 1);
    const most = Math.min(MOST_WIDTH, FREE_WIDTH + WIDTH_PER_VALUE * this.#count);
    if (end - start > most) return false;
    const wider = new Float64Array(Math.min(most, (end - start) * 2));
    const from = bin === start && !isNew ? end - wider.length : start;
    wider.set(this.#dense, isNew ? 0 : this.#start - from);
    this.#dense = wider;
    this.#start = from;
    if (this.#far !== undefined) this.#takeNear(this.#far);
    return true;
  }

  /** A bin has its count in one place only. */
  #takeNear(far: Map<number, number>): void {
    for (const [bin, count] of far) {
      const place = bin - this.#start;
      if (place < 0 || place >= this.#dense.length) continue;
      this.#dense[place]! += count;
      far.delete(bin);
    }
  }
}

function binOf(value: number): number {
  if (value > mapping.minPossible) return mapping.key(value) + KEY_OFFSET;
  return value < -mapping.minPossible ? -mapping.key(-value) - KEY_OFFSET : 0;
}

function valueOf(bin: number): number {
  if (bin === 0) return 0;
  return bin > 0 ? mapping.value(bin - KEY_OFFSET) : -mapping.value(-bin - KEY_OFFSET);
}
