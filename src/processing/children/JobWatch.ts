import type { ProcessorChild } from './ProcessorChild.js';

/** After this a job is slow, and has its child to itself. Batches take milliseconds; the slowest that were seen, 400. */
const SLOW_MS = 500;
/** Between the abort of a job and the end of its child. */
const GRACE_MS = 1000;

export interface JobWatchOptions {
  /** ms */
  readonly deadlineMs: number;
  /** Cancels the job. */
  readonly signal: AbortSignal | undefined;
  /** Told when the job became slow, and when it was but has ended. */
  readonly onSlow: (change: 1 | -1) => void;
  /** The job was told to end. */
  readonly onDeadline: () => void;
  /** It did not. */
  readonly onOverdue: () => void;
}

/** The watch over one job in a child, from when it begins until `end`. */
export class JobWatch {
  readonly #child: ProcessorChild;
  readonly #options: JobWatchOptions;
  readonly #slow: NodeJS.Timeout;
  readonly #deadline: NodeJS.Timeout;
  readonly #cancel = (): void => this.#child.cancel('shutdown');
  #overdue: NodeJS.Timeout | undefined;
  #isSlow = false;

  constructor(child: ProcessorChild, options: JobWatchOptions) {
    this.#child = child;
    this.#options = options;
    this.#slow = setTimeout(() => {
      this.#isSlow = true;
      options.onSlow(1);
    }, SLOW_MS);
    this.#deadline = setTimeout(() => {
      child.cancel('deadline');
      options.onDeadline();
      this.#overdue = setTimeout(options.onOverdue, GRACE_MS);
    }, options.deadlineMs);
    options.signal?.addEventListener('abort', this.#cancel, { once: true });
  }

  /** Whether the job had more time than it may have. */
  get isPastDeadline(): boolean {
    return this.#overdue !== undefined;
  }

  end(): void {
    clearTimeout(this.#slow);
    clearTimeout(this.#deadline);
    clearTimeout(this.#overdue);
    if (this.#isSlow) this.#options.onSlow(-1);
    this.#options.signal?.removeEventListener('abort', this.#cancel);
  }
}
