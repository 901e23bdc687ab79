import type { BatchOutcome } from './batch.js';

/**
 * One deadline for all callers of a batch, counted from the first of them: a timer for each would cost more than the
 * call. The others wait a little less than their deadline, never more.
 */
export class DeadlineTimer {
  /** What callers see: the answer, or `unknown` once the deadline has passed. */
  readonly outcome: Promise<BatchOutcome>;
  /** Resolves with the answer itself, however late. */
  readonly answered: Promise<void>;
  readonly #settle: (outcome: BatchOutcome) => void;
  readonly #markAnswered: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(deadlineMs: number) {
    let settle: (outcome: BatchOutcome) => void = () => {};
    let markAnswered: () => void = () => {};
    this.outcome = new Promise((resolve) => (settle = resolve));
    this.answered = new Promise((resolve) => (markAnswered = resolve));
    this.#settle = settle;
    this.#markAnswered = markAnswered;
    this.#timer = setTimeout(() => settle({ kind: 'unknown' }), deadlineMs);
  }

  answer(outcome: BatchOutcome): void {
    clearTimeout(this.#timer);
    this.#settle(outcome);
    this.#markAnswered();
  }
}
