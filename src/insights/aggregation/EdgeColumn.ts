import type { Samples } from './Samples.js';

/** First and last sample of many cells in the order of (time, value), so of those of one time the least and the greatest. */
export class EdgeColumn {
  readonly first: Float64Array;
  readonly firstTime: Float64Array;
  readonly last: Float64Array;
  readonly lastTime: Float64Array;

  constructor(columns: { readonly [Name in 'first' | 'firstTime' | 'last' | 'lastTime']: Float64Array }) {
    this.first = columns.first;
    this.firstTime = columns.firstTime;
    this.last = columns.last;
    this.lastTime = columns.lastTime;
  }

  static ofSize(size: number): EdgeColumn {
    return new EdgeColumn({
      first: new Float64Array(size).fill(Infinity),
      firstTime: new Float64Array(size).fill(Infinity),
      last: new Float64Array(size).fill(-Infinity),
      lastTime: new Float64Array(size).fill(-Infinity),
    });
  }

  addSamples(cell: number, { times, values }: Samples, from: number, to: number): void {
    for (let place = from; place < to && times[place] === times[from]; place += 1) this.#offerFirst(cell, times[place]!, values[place]!);
    for (let place = to - 1; place >= from && times[place] === times[to - 1]; place -= 1) this.#offerLast(cell, times[place]!, values[place]!);
  }

  merge(cell: number, other: EdgeColumn, from: number, to: number): void {
    for (let row = from; row < to; row += 1) {
      this.#offerFirst(cell, other.firstTime[row]!, other.first[row]!);
      this.#offerLast(cell, other.lastTime[row]!, other.last[row]!);
    }
  }

  #offerFirst(cell: number, time: number, value: number): void {
    const known = this.firstTime[cell]!;
    if (time > known) return;
    this.first[cell] = time < known ? value : Math.min(value, this.first[cell]!);
    this.firstTime[cell] = time;
  }

  #offerLast(cell: number, time: number, value: number): void {
    const known = this.lastTime[cell]!;
    if (time < known) return;
    this.last[cell] = time > known ? value : Math.max(value, this.last[cell]!);
    this.lastTime[cell] = time;
  }
}
