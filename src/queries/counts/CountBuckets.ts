/** Counts of one type's events in the buckets between edges, as far as they lie in a range. */
export class CountBuckets {
  readonly counts: Float64Array;
  readonly #edges: Float64Array;
  readonly #lower: number;
  readonly #upper: number;
  /** Where the last one was: the next is most often there too. */
  #last = 0;

  /**
   * @param edges ascending, of which the last is where the last bucket ends
   * @param lower ms; what lies before it is not counted
   * @param upper ms; what lies after it is not counted
   */
  constructor(edges: Float64Array, lower: number, upper: number) {
    this.#edges = edges;
    this.#lower = Math.max(lower, edges[0]!);
    this.#upper = Math.min(upper, edges.at(-1)! - 1);
    this.counts = new Float64Array(edges.length - 1);
  }

  /** Whether any time of this span lies in the range. */
  touches(earliest: number, latest: number): boolean {
    return latest >= this.#lower && earliest <= this.#upper;
  }

  /** The bucket that the whole span lies in; undefined where it lies in several, or not in the range. */
  bucketOf(earliest: number, latest = earliest): number | undefined {
    if (earliest < this.#lower || latest > this.#upper) return undefined;
    const bucket = this.#find(earliest);
    return latest < this.#edges[bucket + 1]! ? bucket : undefined;
  }

  add(bucket: number, count: number): void {
    this.counts[bucket]! += count;
  }

  #find(time: number): number {
    const edges = this.#edges;
    if (time >= edges[this.#last]! && time < edges[this.#last + 1]!) return this.#last;
    let low = 0;
    let high = edges.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (edges[middle]! <= time) low = middle;
      else high = middle;
    }
    return (this.#last = low);
  }
}
