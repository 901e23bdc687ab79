/** Somebody who waits for an answer. */
export interface Waiting {
  /** On the clock of `performance.now()`, ms. */
  readonly deadlineAt: number;
  isSettled: boolean;
}

/** Settled ones at the front are let go once there are this many: not at each answer, nor after a whole deadline. */
const LET_GO = 1024;

/**
 * Deadlines of many with one timer. All wait equally long, so they expire in the order in which they came: a timer for
 * each call would cost more than the call.
 */
export class Deadlines<Item extends Waiting> {
  readonly #expire: (late: readonly Item[]) => void;
  #items: Item[] = [];
  #first = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param expire is given those whose time is up, and settles them */
  constructor(expire: (late: readonly Item[]) => void) {
    this.#expire = expire;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#timer ??= setTimeout(this.#onTimer, item.deadlineAt - performance.now());
  }

  /** To be called after some were settled. Without anybody left the timer keeps no process alive. */
  forgetSettled(): void {
    while (this.#items[this.#first]?.isSettled === true) this.#first += 1;
    if (this.#first === this.#items.length) {
      this.#items = [];
      this.#first = 0;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (this.#first >= LET_GO) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    const late: Item[] = [];
    for (let place = this.#first; place < this.#items.length && this.#items[place]!.deadlineAt <= now; place += 1) {
      if (!this.#items[place]!.isSettled) late.push(this.#items[place]!);
    }
    if (late.length > 0) this.#expire(late);
    this.forgetSettled();
    const next = this.#items[this.#first];
    if (next !== undefined) this.#timer ??= setTimeout(this.#onTimer, Math.max(1, next.deadlineAt - now));
  };
}
