import { LRUCache } from 'lru-cache';

const WINDOW_MS = 60_000;
const MOST_OF_ONE = 5;
const MOST_OF_ALL = 100;
const ADDRESSES = 10_000;

/** Counts failed sign-ins by address and altogether, within a minute. */
export class SignInLimiter {
  readonly #byAddress: LRUCache<string, number>;
  readonly #now: () => number;
  #all = 0;
  #windowEnd = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#byAddress = new LRUCache({ max: ADDRESSES });
  }

  /** Seconds to wait before another try; 0: go on. */
  waitSeconds(address: string): number {
    this.#turn();
    if ((this.#byAddress.get(address) ?? 0) < MOST_OF_ONE && this.#all < MOST_OF_ALL) return 0;
    return Math.ceil((this.#windowEnd - this.#now()) / 1000);
  }

  failed(address: string): void {
    this.#turn();
    this.#all += 1;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
  }

  #turn(): void {
    if (this.#now() < this.#windowEnd) return;
    this.#windowEnd = this.#now() + WINDOW_MS;
    this.#all = 0;
    this.#byAddress.clear();
  }
}
