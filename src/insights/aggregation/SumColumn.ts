/**
 * Sums of many cells in double-double arithmetic: each is the unevaluated sum of two doubles, 106 bits together.
 *
 * What is added is exact, and so the same in whatever order, as long as no intermediate sum is more than about 10^12 times
 * as large as the smallest value; for whole numbers always. Otherwise the error of n values is below n² × 2^-106 of the
 * sum of their magnitudes (Ogita, Rump and Oishi 2005), which a double shows only where nearly all cancels.
 */
export class SumColumn {
  readonly high: Float64Array;
  readonly low: Float64Array;

  constructor(high: Float64Array, low: Float64Array) {
    this.high = high;
    this.low = low;
  }

  static ofSize(size: number): SumColumn {
    return new SumColumn(new Float64Array(size), new Float64Array(size));
  }

  add(cell: number, value: number): void {
    const high = this.high[cell]!;
    const sum = high + value;
    const rest = sum - high;
    this.#set(cell, sum, this.low[cell]! + (high - (sum - rest)) + (value - rest));
  }

  /** Adds `value - other`, exactly. */
  addDifference(cell: number, value: number, other: number): void {
    const difference = value - other;
    const rest = difference - value;
    this.add(cell, difference);
    this.add(cell, value - (difference - rest) - (other + rest));
  }

  /** About 1.5 ns a value: nothing but the two running sums hangs on the step before. */
  addValues(cell: number, values: Float64Array, from: number, to: number): void {
    let high = this.high[cell]!;
    let low = this.low[cell]!;
    for (let place = from; place < to; place += 1) {
      const value = values[place]!;
      const sum = high + value;
      const rest = sum - high;
      low += high - (sum - rest) + (value - rest);
      high = sum;
    }
    this.#set(cell, high, low);
  }

  /** Adds the rows `from` to before `to` of another column. */
  merge(cell: number, other: SumColumn, from: number, to: number): void {
    const { high: highs, low: lows } = other;
    let high = this.high[cell]!;
    let low = this.low[cell]!;
    for (let row = from; row < to; row += 1) {
      const value = highs[row]!;
      const sum = high + value;
      const rest = sum - high;
      low += high - (sum - rest) + (value - rest) + lows[row]!;
      high = sum;
    }
    this.#set(cell, high, low);
  }

  /** The sum rounded to a double. Not finite once it passed the largest double. */
  result(cell: number): number {
    return this.high[cell]! + this.low[cell]!;
  }

  /** Brings the two into the form in which the first is the sum rounded: one form for one sum. */
  #set(cell: number, high: number, low: number): void {
    const sum = high + low;
    if (!Number.isFinite(sum)) {
      // Beyond the largest double the rest that was lost is no number.
      this.high[cell] = Number.isFinite(high) ? sum : high;
      this.low[cell] = 0;
      return;
    }
    const rest = sum - high;
    this.high[cell] = sum;
    this.low[cell] = high - (sum - rest) + (low - rest);
  }
}
