import { NoChildError } from './NoChildError.js';
import type { ProcessorChild } from './ProcessorChild.js';

interface Waiter {
  readonly resolve: (child: ProcessorChild) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Jobs that wait for a child, first come first served. */
export class ChildWaiters {
  readonly #waiters: Waiter[] = [];

  /** @throws NoChildError after `mostMs`, or when all are sent away */
  async wait(mostMs: number): Promise<ProcessorChild> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve,
        reject,
        timer: setTimeout(() => {
          this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
          reject(new NoChildError());
        }, mostMs),
      };
      this.#waiters.push(waiter);
    });
  }

  /** @returns whether somebody waited, and has it now */
  give(child: ProcessorChild): boolean {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return false;
    clearTimeout(waiter.timer);
    waiter.resolve(child);
    return true;
  }

  sendAway(): void {
    for (const { reject, timer } of this.#waiters.splice(0)) {
      clearTimeout(timer);
      reject(new NoChildError());
    }
  }
}
