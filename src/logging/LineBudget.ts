export const LINES_PER_SECOND = 10;

/**
 * At most so many log lines a second. A Redis that is full made one worker raise 34,000 errors in 3 s; a log that
 * follows would fill the disk. What was left out is counted and said.
 */
export class LineBudget {
  readonly #perSecond: number;
  readonly #report: (leftOut: number) => void;
  #windowStart = -Infinity;
  #written = 0;
  #leftOut = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param report told once a second how many lines were left out, if any were */
  constructor(report: (leftOut: number) => void, perSecond = LINES_PER_SECOND) {
    this.#report = report;
    this.#perSecond = perSecond;
  }

  /** Whether one more line may be written now. */
  take(now = performance.now()): boolean {
    if (now - this.#windowStart >= 1000) {
      this.flush();
      this.#windowStart = now;
      this.#written = 0;
    }
    if (this.#written < this.#perSecond) {
      this.#written += 1;
      return true;
    }
    this.#leftOut += 1;
    this.#timer ??= setTimeout(() => this.flush(), 1000).unref();
    return false;
  }

  /** Says now what was left out: before the process ends, or when the second is over. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#leftOut === 0) return;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    this.#report(leftOut);
  }
}
