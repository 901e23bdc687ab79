import type { Queue } from 'bullmq';

import type { Schedule } from '../../queues/schedules.js';
import type { Logger } from '../logging/createLogger.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { brokenSchedules } from './brokenSchedules.js';
import { readCleanupStatus } from './cleanupStatus.js';
import { takeTurn } from './takeTurn.js';
import { restartSchedules } from './upsertSchedules.js';
import { waitsForWorker } from './waitsForWorker.js';

export interface ScheduleWatchOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** The queue of the schedules. */
  readonly queue: Queue;
  readonly declared: readonly Schedule[];
  /** Between clean-ups, ms. */
  readonly intervalMs: number;
  readonly logger: Logger;
  readonly onError: (error: Error) => void;
}

/** What a look found. */
interface Look {
  /** Since a clean-up was seen to finish, ms. */
  readonly ageMs: number;
  readonly isOverdue: boolean;
  readonly broken: number;
}

/** The clean-up is overdue when none has finished for this many intervals. */
const OVERDUE_INTERVALS = 2;
const LONGEST_CHECK_MS = 60_000;

/** Looks regularly whether what is scheduled goes on, and has it begin anew when it does not. Any number may watch. */
export class ScheduleWatch {
  readonly #options: ScheduleWatchOptions;
  readonly #checkMs: number;
  // A clean-up that waits behind others is late but not lost, so time counts from the last restart too.
  #lastRestartAt = Date.now();
  // When a clean-up finished is told by the clock of whoever did it: one that is ahead would hide for as long that none follows. So
  // it counts when what it wrote was seen to change, by what has passed here.
  #finished: { readonly at: number | undefined } | undefined;
  #movedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  /** How often this process has had the schedules begin anew. */
  restarts = 0;

  constructor(options: ScheduleWatchOptions) {
    this.#options = options;
    this.#checkMs = Math.min(options.intervalMs, LONGEST_CHECK_MS);
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#checking ??= this.#check()
        .catch(this.#options.onError)
        .finally(() => {
          this.#checking = undefined;
        });
    }, this.#checkMs);
  }

  /** Looks no more; resolves when the look that is under way is over. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking;
  }

  async #check(): Promise<void> {
    const { redis, keys, queue, declared, intervalMs, logger } = this.#options;
    const { ageMs, isOverdue, broken } = await this.#look();
    if (!isOverdue && broken === 0) return;
    if (broken === 0 && (await waitsForWorker(queue, 'cleanup'))) {
      logger.warn('No clean-up has finished for too long, and one waits to be taken up. Is a worker running?', { ageMs, intervalMs });
      this.#countFromNow();
      return;
    }
    if (await takeTurn(redis, keys, this.#checkMs / 2)) {
      // Another process may have done it since this one looked.
      const again = await this.#look();
      if (!again.isOverdue && again.broken === 0) return;
      if (again.isOverdue) logger.warn('No clean-up has finished for too long; the schedules begin anew. Is a worker running?', { ageMs, intervalMs });
      else logger.warn('A schedule has stopped; they begin anew', { count: again.broken });
      await restartSchedules(queue, declared);
      this.restarts += 1;
    }
    this.#countFromNow();
  }

  async #look(): Promise<Look> {
    const { redis, keys, queue, declared, intervalMs } = this.#options;
    const at = (await readCleanupStatus(redis, keys))?.finishedAt;
    if (this.#finished !== undefined && at !== this.#finished.at) this.#movedAt = performance.now();
    this.#finished = { at };
    const ageMs = Math.round(performance.now() - this.#movedAt);
    const isOverdue = ageMs > OVERDUE_INTERVALS * intervalMs && (await queue.getActiveCount()) === 0;
    return { ageMs, isOverdue, broken: (await brokenSchedules(queue, declared, this.#lastRestartAt)).length };
  }

  #countFromNow(): void {
    this.#lastRestartAt = Date.now();
    this.#movedAt = performance.now();
  }
}
