import type { ProcessorChild } from './ProcessorChild.js';
import { processorMs } from './processorMs.js';

/**
 * After this a job is slow, and another may run beside it. Batches take milliseconds; the slowest that were seen, 400. With 500, two
 * jobs that hung at once held up others for so long that the p99 of those was 800 ms instead of 11.
 */
const SLOW_MS = 200;
/** Between the abort of a job and the end of its child. */
const GRACE_MS = 1000;
/** When the child of a suspect is lowered, as `lowerAfterMs` says of others. */
const SUSPECT_MS = 500;

export interface JobWatchOptions {
  /** ms */
  readonly deadlineMs: number;
  /** Cancels the job. */
  readonly signal: AbortSignal | undefined;
  /** It counts as slow from the start. */
  readonly isSuspect: boolean;
  /**
   * When its child gets less of the processors than others, ms; undefined: never. Counted is the time for which it had one: on a machine that is
   * overloaded every job is slow, and to start another child for each made it slower still, until workers had ten and did little but start them.
   */
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
  #lower: NodeJS.Timeout | undefined;
  readonly #deadline: NodeJS.Timeout;
  readonly #cancel = (): void => this.#child.cancel('shutdown');
  #overdue: NodeJS.Timeout | undefined;
  #isSlow = false;
  #isEnded = false;

  constructor(child: ProcessorChild, options: JobWatchOptions) {
    this.#child = child;
    this.#options = options;
    if (options.isSuspect) this.#beSlow();
    else this.#slow = setTimeout(() => this.#beSlow(), SLOW_MS);
    if (options.lowerAfterMs !== undefined) this.#watchProcessor(options.isSuspect ? SUSPECT_MS : options.lowerAfterMs);
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

  /** Has the child lowered when it has had a processor for half of `ms` since that much time passed: if it has one to itself, after `ms`. */
  #watchProcessor(ms: number): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    let before: number | undefined;
    const look = async (): Promise<void> => {
      const had = await processorMs(pid);
      if (had === undefined || this.#isEnded) return;
      before ??= had;
      if (had - before >= ms / 2) this.#options.onLowered();
      else this.#lower = setTimeout(() => void look(), ms / 2);
    };
    this.#lower = setTimeout(() => void look(), ms / 2);
  }

  #beSlow(): void {
    this.#isSlow = true;
    this.#options.onSlow(1);
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#slow);
    clearTimeout(this.#lower);
    clearTimeout(this.#deadline);
    clearTimeout(this.#overdue);
    if (this.#isSlow) this.#options.onSlow(-1);
    this.#options.signal?.removeEventListener('abort', this.#cancel);
  }
}
