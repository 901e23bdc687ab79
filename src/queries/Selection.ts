/** A row that may be part of the answer. */
export interface Candidate<Rows> {
  readonly time: number;
  readonly offset: number;
  readonly rows: Rows;
  readonly row: number;
}

export type Order = 'asc' | 'desc';

/**
 * Keeps the first `size` rows in the order of (time, offset), of however many it is offered. A binary heap with the
 * last of them at the root, made once there are `size`: `size` may be infinite.
 */
export class Selection<Rows> {
  readonly #size: number;
  readonly #sign: 1 | -1;
  readonly #heap: Candidate<Rows>[] = [];

  constructor(size: number, order: Order) {
    this.#size = size;
    this.#sign = order === 'asc' ? 1 : -1;
  }

  /** Time of the last row that is kept; undefined while there is room for more. */
  get lastTime(): number | undefined {
    return this.#heap.length < this.#size ? undefined : this.#heap[0]?.time;
  }

  offer(time: number, offset: number, rows: Rows, row: number): void {
    const heap = this.#heap;
    if (heap.length < this.#size) {
      heap.push({ time, offset, rows, row });
      if (heap.length === this.#size) for (let place = heap.length >> 1; place >= 0; place -= 1) this.#sink(place);
      return;
    }
    const last = heap[0];
    if (last === undefined || this.#compare(time, offset, last) >= 0) return;
    heap[0] = { time, offset, rows, row };
    this.#sink(0);
  }

  /** What is kept, first to last. */
  sorted(): Candidate<Rows>[] {
    return this.#heap.toSorted((one, other) => this.#compare(one.time, one.offset, other));
  }

  /** Above 0 where (time, offset) comes after `other`. */
  #compare(time: number, offset: number, other: Candidate<Rows>): number {
    return this.#sign * (time - other.time || offset - other.offset);
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const moved = heap[start]!;
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && this.#compare(right.time, right.offset, heap[child]!) > 0) child += 1;
      const later = heap[child]!;
      if (this.#compare(later.time, later.offset, moved) <= 0) break;
      heap[place] = later;
      place = child;
    }
    heap[place] = moved;
  }
}
