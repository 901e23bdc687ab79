import type { QueueLoad } from './QueueLoad.js';

/** Below this many waiting jobs, batches go at once. */
const CALM = 20;
/** Waiting jobs per ms of pause: measured to hold 60 to 350 waiting jobs at 5,000 to 10,000 events/s. */
const JOBS_PER_MS = 5;

/**
 * How long the next batch should wait for company. Grouping by the acknowledgement alone is not enough: 5,000 events/s
 * from ten producers make 1.01 events a job and a backlog without bound. So the pause follows the jobs that wait.
 */
export class QueuePace {
  readonly #load: Pick<QueueLoad, 'jobs'>;
  readonly #mostMs: number;

  /** @param mostMs the longest pause: `processingInterval`, less for what is urgent */
  constructor(load: Pick<QueueLoad, 'jobs'>, mostMs: number) {
    this.#load = load;
    this.#mostMs = mostMs;
  }

  /** Pause in ms before the next batch. */
  delayMs(): number {
    const waiting = this.#load.jobs;
    return waiting < CALM ? 0 : Math.min(waiting / JOBS_PER_MS, this.#mostMs);
  }
}
