import type { Queue } from 'bullmq';

/** Below this many waiting jobs, batches go at once. */
const CALM = 20;
/** Waiting jobs per ms of pause: measured to hold 60 to 350 waiting jobs at 5,000 to 10,000 events/s. */
const JOBS_PER_MS = 5;
const READ_EVERY_MS = 50;

/**
 * How long the next batch should wait for company. Grouping by the acknowledgement alone is not enough: 5,000 events/s
 * from ten producers make 1.01 events a job and a backlog without bound. So the pause follows the jobs that wait.
 */
export class QueuePace {
  readonly #queue: Queue;
  readonly #mostMs: number;
  #waiting = 0;
  #readAt = 0;
  #reading = false;

  /** @param mostMs the longest pause: `processingInterval` */
  constructor(queue: Queue, mostMs: number) {
    this.#queue = queue;
    this.#mostMs = mostMs;
  }

  /** Pause in ms before the next batch. Reads the queue's length in the background, every 50 ms while it is asked. */
  delayMs(): number {
    const now = performance.now();
    if (!this.#reading && now - this.#readAt >= READ_EVERY_MS) void this.#read(now);
    return this.#waiting < CALM ? 0 : Math.min(this.#waiting / JOBS_PER_MS, this.#mostMs);
  }

  async #read(now: number): Promise<void> {
    this.#reading = true;
    this.#readAt = now;
    try {
      const counts = await this.#queue.getJobCounts('wait', 'prioritized');
      this.#waiting = Object.values(counts).reduce((sum, count) => sum + count, 0);
    } catch {
      // Redis is away: the batches themselves will tell. The last figure stands.
    } finally {
      this.#reading = false;
    }
  }
}
