import { HOUR_MS } from '../../codec/hours.js';

const MINUTE_MS = 60_000;

/** How finely an hour is cut by what may not be mixed: edges of buckets, and the ends of the range. */
export type Cut = 'none' | 'minutes' | 'anywhere';

/** Tells how the edges of buckets and the ends of a range cut spans of time. */
export class Cuts {
  readonly #edges: Float64Array;

  /** @param edges of buckets, and where ranges begin or have ended; may be infinite */
  constructor(...edges: readonly Iterable<number>[]) {
    this.#edges = Float64Array.from(edges.flatMap((some) => [...some]).filter(Number.isFinite)).sort();
  }

  /** The finest cut strictly inside of the span. */
  inside(start: number, end: number): Cut {
    let cut: Cut = 'none';
    for (let place = this.#after(start); place < this.#edges.length && this.#edges[place]! < end; place += 1) {
      if (this.#edges[place]! % MINUTE_MS !== 0) return 'anywhere';
      cut = 'minutes';
    }
    return cut;
  }

  /** The finest cut inside of an hour. */
  insideHour(hour: number): Cut {
    return this.inside(hour * HOUR_MS, (hour + 1) * HOUR_MS);
  }

  #after(time: number): number {
    let [low, high] = [0, this.#edges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#edges[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
