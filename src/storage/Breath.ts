import { setImmediate as nextTurn } from 'node:timers/promises';

const MOST_MS = 10;

/** Gives the event loop back from time to time, in work that would keep it to itself: an application runs beside it. */
export class Breath {
  #since = performance.now();

  /** Resolves in another turn of the event loop, if this work has had 10 ms. */
  async take(): Promise<void> {
    if (performance.now() - this.#since < MOST_MS) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
