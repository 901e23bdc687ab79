import type { FoundRow } from './EventScan.js';

/**
 * Keeps the first `size` rows in the order of (time, offset), of however many it is offered. A binary heap with the last
 * of them at the root, made once there are `size`.
 */
export class RowSelection {
  readonly #size: number;
  readonly #sign: 1 | -1;
  readonly #heap: FoundRow[] = [];

  constructor(size: number, order: 'asc' | 'desc') {
    this.#size = size;
    this.#sign = order === 'asc' ? 1 : -1;
  }

  get count(): number {
    return this.#heap.length;
  }

  /** Time of the last row that is kept; undefined while there is room for more. */
  get lastTime(): number | undefined {
    return this.#heap.length < this.#size ? undefined : this.#heap[0]?.time;
  }

  offer(found: FoundRow): void {
    const heap = this.#heap;
    if (heap.length < this.#size) {
      heap.push(found);
      if (heap.length === this.#size) for (let place = heap.length >> 1; place >= 0; place -= 1) this.#sink(place);
      return;
    }
    const last = heap[0];
    if (last === undefined || this.#compare(found, last) >= 0) return;
    heap[0] = found;
    this.#sink(0);
  }

  /** What is kept, first to last. */
  sorted(): FoundRow[] {
    return this.#heap.toSorted((one, other) => this.#compare(one, other));
  }

  #compare(one: FoundRow, other: FoundRow): number {
    return this.#sign * (one.time - other.time || one.offset - other.offset);
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const moved = heap[start]!;
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && this.#compare(right, heap[child]!) > 0) child += 1;
      const later = heap[child]!;
      if (this.#compare(later, moved) <= 0) break;
      heap[place] = later;
      place = child;
    }
    heap[place] = moved;
  }
}
