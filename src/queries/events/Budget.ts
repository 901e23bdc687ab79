export interface BudgetOptions {
  /** Events to look at. Default: 10,000,000. */
  readonly events?: number | undefined;
  /** Milliseconds to take. Default: 80 % of the deadline of calls. */
  readonly ms?: number | undefined;
}

/** Which part of a budget was used up. */
export type BudgetPart = 'events' | 'time';

const DEFAULT_EVENTS = 10_000_000;

/** What one query may still spend, from now on. */
export class Budget {
  readonly #events: number;
  readonly #endsAt: number;
  #scanned = 0;

  constructor({ events = DEFAULT_EVENTS, ms }: BudgetOptions, defaultMs: number) {
    this.#events = events;
    this.#endsAt = performance.now() + (ms ?? defaultMs);
  }

  /** Events looked at so far. */
  get scanned(): number {
    return this.#scanned;
  }

  /** Events that may still be looked at. */
  get left(): number {
    return this.#events - this.#scanned;
  }

  /** The part that is used up, if one is. */
  get spent(): BudgetPart | undefined {
    if (this.left <= 0) return 'events';
    return performance.now() >= this.#endsAt ? 'time' : undefined;
  }

  spend(events: number): void {
    this.#scanned += events;
  }
}
