import type { ProcessorChild } from './ProcessorChild.js';

/** `leaving`: at work still, until its successor is. `ending`: killed, or told to end. */
export type ChildState = 'starting' | 'staying' | 'leaving' | 'ending';

/** Every child that has not ended: what becomes of it, and whether it has a job. */
export class ChildRoster {
  readonly #states = new Map<ProcessorChild, ChildState>();
  readonly #idle: ProcessorChild[] = [];

  get size(): number {
    return this.#states.size;
  }

  /** Resident memory of all, as they last told it, bytes. */
  get memory(): number {
    let bytes = 0;
    for (const { rss } of this.#states.keys()) bytes += rss;
    return bytes;
  }

  all(): ProcessorChild[] {
    return [...this.#states.keys()];
  }

  count(state: ChildState): number {
    let count = 0;
    for (const each of this.#states.values()) if (each === state) count += 1;
    return count;
  }

  stateOf(child: ProcessorChild): ChildState | undefined {
    return this.#states.get(child);
  }

  mark(child: ProcessorChild, state: ChildState): void {
    this.#states.set(child, state);
  }

  /** It has ended. @returns what it was then */
  remove(child: ProcessorChild): ChildState | undefined {
    const state = this.#states.get(child);
    this.#states.delete(child);
    this.#unlist(child);
    return state;
  }

  /** It has no job. */
  rest(child: ProcessorChild): void {
    this.#idle.push(child);
  }

  /** One that has no job, the last that had one: the others' memory may be given to somebody else. */
  takeIdle(): ProcessorChild | undefined {
    return this.#idle.pop();
  }

  /** One that has had no job for longer than the others that have none. */
  get longestIdle(): ProcessorChild | undefined {
    return this.#idle[0];
  }

  /** Those of the leaving that have no job, and get none any more. */
  takeLeavers(): ProcessorChild[] {
    return this.all().filter((child) => this.#states.get(child) === 'leaving' && this.#unlist(child));
  }

  /** @returns whether it was idle */
  #unlist(child: ProcessorChild): boolean {
    const place = this.#idle.indexOf(child);
    if (place >= 0) this.#idle.splice(place, 1);
    return place >= 0;
  }
}
