import { BusyError } from '../errors/BusyError.js';

/** What an item costs besides its JSON: the caller's promise, its place in the lane. */
const ITEM_BYTES = 100;
const RETRY_MS = 1000;

/**
 * What this process holds that Redis has not answered, over all lanes. While Redis is away every call adds to it, and
 * nothing is taken off: so it has a bound, beyond which calls are refused.
 */
export class HeldItems {
  readonly #mostBytes: number;
  #count = 0;
  #bytes = 0;

  /** @param mostBytes of JSON, and 100 for each item */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(count: number, bytes: number): void {
    this.#count += count;
    this.#bytes += bytes + count * ITEM_BYTES;
  }

  remove(count: number, bytes: number): void {
    this.add(-count, -bytes);
  }

  /** Why no further item is taken; undefined while there is room. */
  refusal(): BusyError | undefined {
    return this.#bytes < this.#mostBytes ? undefined : new BusyError('unanswered', RETRY_MS);
  }
}
