import type { ProcessorChild } from './ProcessorChild.js';

/**
 * After this a job is slow, and another may run beside it. Batches take milliseconds; the slowest that were seen, 400. With 500, two
 * jobs that hung at once held up others for so long that the p99 of those was 800 ms instead of 11.
 */
const SLOW_MS = 200;
/** Between the abort of a job and the end of its child. */
const GRACE_MS = 1000;

export interface JobWatchOptions {
  /** ms */
  readonly deadlineMs: number;
  /** Cancels the job. */
  readonly signal: AbortSignal | undefined;
  /** It counts as slow from the start. */
  readonly isSuspect: boolean;
  /** When its child gets less of the processors than others, ms; undefined: never. */
  readonly lowerAfterMs: number | undefined;
  /** Told when the job became slow, and when it was but has ended. */
  readonly onSlow: (change: 1 | -1) => void;
  /** Its child works at a low priority from now on. */
  readonly onLowered: () => void;
  /** The job was told to end. */
  readonly onDeadline: () => void;
  /** It did not. */
  readonly onOverdue: () => void;
}

/** The watch over one job in a child, from when it begins until `end`. */
export class JobWatch {
  readonly #child: ProcessorChild;
  readonly #options: JobWatchOptions;
  readonly #slow: NodeJS.Timeout | undefined;
  readonly #lower: NodeJS.Timeout | undefined;
  readonly #deadline: NodeJS.Timeout;
  readonly #cancel = (): void => this.#child.cancel('shutdown');
  #overdue: NodeJS.Timeout | undefined;
  #isSlow = false;

  constructor(child: ProcessorChild, options: JobWatchOptions) {
    this.#child = child;
    this.#options = options;
    if (options.isSuspect) this.#beSlow();
    else this.#slow = setTimeout(() => this.#beSlow(), SLOW_MS);
    if (options.lowerAfterMs !== undefined) this.#lower = setTimeout(options.onLowered, options.isSuspect ? 0 : options.lowerAfterMs);
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

  #beSlow(): void {
    this.#isSlow = true;
    this.#options.onSlow(1);
  }

  end(): void {
    clearTimeout(this.#slow);
    clearTimeout(this.#lower);
    clearTimeout(this.#deadline);
    clearTimeout(this.#overdue);
    if (this.#isSlow) this.#options.onSlow(-1);
    this.#options.signal?.removeEventListener('abort', this.#cancel);
  }
}
