/**
 * Variance of many cells: count, mean and the sum of squared distances from the mean. Parts are joined by the formula of
 * Chan, Golub and LeVeque (1979), which does not cancel as the difference of two large sums does.
 */
export class MomentColumn {
  readonly count: Float64Array;
  readonly mean: Float64Array;
  readonly squares: Float64Array;

  constructor(count: Float64Array, mean: Float64Array, squares: Float64Array) {
    this.count = count;
    this.mean = mean;
    this.squares = squares;
  }

  static ofSize(size: number): MomentColumn {
    return new MomentColumn(new Float64Array(size), new Float64Array(size), new Float64Array(size));
  }

  addValues(cell: number, values: Float64Array, from: number, to: number): void {
    const count = to - from;
    if (count === 0) return;
    // Distances from the first value: a sum of values could be far larger than the distances that matter.
    const origin = values[from]!;
    let sum = 0;
    for (let place = from; place < to; place += 1) sum += values[place]! - origin;
    const mean = origin + sum / count;
    let squares = 0;
    let rest = 0;
    for (let place = from; place < to; place += 1) {
      const distance = values[place]! - mean;
      rest += distance;
      squares += distance * distance;
    }
    this.join(cell, count, mean, Math.max(0, squares - (rest * rest) / count));
  }

  join(cell: number, count: number, mean: number, squares: number): void {
    const known = this.count[cell]!;
    if (known === 0) {
      this.count[cell] = count;
      this.mean[cell] = mean;
      this.squares[cell] = squares;
      return;
    }
    const total = known + count;
    const distance = mean - this.mean[cell]!;
    this.count[cell] = total;
    this.mean[cell] = this.mean[cell]! + distance * (count / total);
    this.squares[cell] = this.squares[cell]! + squares + distance * distance * known * (count / total);
  }

  merge(cell: number, other: MomentColumn, from: number, to: number): void {
    for (let row = from; row < to; row += 1) this.join(cell, other.count[row]!, other.mean[row]!, other.squares[row]!);
  }

  /** Of the population: divided by the number of samples. */
  variance(cell: number): number {
    return this.squares[cell]! / this.count[cell]!;
  }
}
