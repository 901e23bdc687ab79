/** Least and greatest value of many cells; -0 is less than 0. */
export class ExtremaColumn {
  readonly min: Float64Array;
  readonly max: Float64Array;

  constructor(min: Float64Array, max: Float64Array) {
    this.min = min;
    this.max = max;
  }

  static ofSize(size: number): ExtremaColumn {
    return new ExtremaColumn(new Float64Array(size).fill(Infinity), new Float64Array(size).fill(-Infinity));
  }

  addValues(cell: number, values: Float64Array, from: number, to: number): void {
    let min = this.min[cell]!;
    let max = this.max[cell]!;
    for (let place = from; place < to; place += 1) {
      min = Math.min(min, values[place]!);
      max = Math.max(max, values[place]!);
    }
    this.min[cell] = min;
    this.max[cell] = max;
  }

  merge(cell: number, other: ExtremaColumn, from: number, to: number): void {
    let min = this.min[cell]!;
    let max = this.max[cell]!;
    for (let row = from; row < to; row += 1) {
      min = Math.min(min, other.min[row]!);
      max = Math.max(max, other.max[row]!);
    }
    this.min[cell] = min;
    this.max[cell] = max;
  }
}
