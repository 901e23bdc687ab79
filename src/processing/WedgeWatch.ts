import { QueueKeys, type Worker } from 'bullmq';

import type { QueuePlace, QueueTitle } from '../../queues/names.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

export interface WatchedWorker {
  readonly worker: Worker;
  readonly place: QueuePlace;
  /** Jobs at a time. */
  readonly concurrency: number;
  /** What a job may take, ms. */
  readonly deadlineMs: number;
  /** What it may wait for a child before that, ms: on a busy machine a job is taken long before it is begun. */
  readonly startMs: number;
}

export interface Wedge {
  readonly queue: QueueTitle;
  readonly waiting: number;
  /** Since nothing was taken though it could have been. */
  readonly ageMs: number;
}

export interface WedgeWatchOptions {
  /** A connection of its own that fails fast: the workers' may be what is broken. The caller closes it. */
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly workers: readonly WatchedWorker[];
  /** Called once. */
  readonly onWedged: (wedge: Wedge) => void;
  /** Default: 10,000 ms. */
  readonly mostMs?: number;
  /** Default: 2,000 ms. */
  readonly intervalMs?: number;
  /** Beyond `mostMs` for a worker that took nothing yet. Default: 10,000 ms. */
  readonly freshMs?: number;
}

const MOST_MS = 10_000;
const INTERVAL_MS = 2000;
/** What a process that has just started has besides, since it compiles what it runs: one did nothing for 10 s at a load of 35 on two cores. */
const FRESH_MS = 10_000;
/** What a job may take beyond its deadline: to be told to stop, to be killed, and to be put back. */
const END_MS = 5000;
const PROBE_KEPT_MS = 60_000;

interface State extends WatchedWorker {
  readonly active: Map<string, number>;
  /** Since when there is no excuse for taking nothing. */
  idleSince: number;
}

/**
 * Notices a worker that lives and takes nothing: jobs wait, Redis answers and takes writes, and none was begun. BullMQ says
 * `isRunning` all the while. A connection that hangs without having been closed does that, among others.
 */
export class WedgeWatch {
  readonly #options: WedgeWatchOptions;
  readonly #mostMs: number;
  readonly #intervalMs: number;
  readonly #states: readonly State[];
  #timer: NodeJS.Timeout | undefined;
  #isChecking = false;
  #checkedAt = performance.now();

  constructor(options: WedgeWatchOptions) {
    this.#options = options;
    this.#mostMs = options.mostMs ?? MOST_MS;
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS;
    const freshMs = options.freshMs ?? FRESH_MS;
    this.#states = options.workers.map((watched) => watchProgress({ ...watched, active: new Map(), idleSince: performance.now() + freshMs }));
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      if (this.#isChecking) return;
      this.#isChecking = true;
      void this.#check().finally(() => {
        this.#isChecking = false;
      });
    }, this.#intervalMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    const now = performance.now();
    const wasAsleep = now - this.#checkedAt > 3 * this.#intervalMs;
    this.#checkedAt = now;
    const waiting = await this.#countWaiting().catch(() => undefined);
    if (waiting === undefined) {
      // This connection may hang as the workers' do, while Redis answers others.
      this.#options.redis.disconnect(true);
    }
    for (const [place, state] of this.#states.entries()) {
      const jobs = waiting?.[place] ?? 0;
      // The whole process stood still, or Redis did, or there was nothing to do.
      if (wasAsleep || jobs === 0) state.idleSince = Math.max(state.idleSince, performance.now());
      const ageMs = Math.round(performance.now() - state.idleSince);
      if (ageMs <= this.#mostOf(state)) continue;
      this.close();
      this.#options.onWedged({ queue: state.place.title, waiting: jobs, ageMs });
      return;
    }
  }

  /** A worker that has as much to do as it can takes nothing either: until its jobs have to have ended. */
  #mostOf({ active, concurrency, deadlineMs, startMs }: State): number {
    const mostMs = startMs + deadlineMs + END_MS;
    for (const [id, since] of active) if (performance.now() - since > mostMs) active.delete(id);
    return active.size < concurrency ? this.#mostMs : this.#mostMs + mostMs;
  }

  /** Jobs that are there to be taken, by worker. @throws while Redis does not answer, or refuses writes */
  async #countWaiting(): Promise<number[]> {
    const { redis, keys } = this.#options;
    await redis.set(keys.writeProbe, '1', 'PX', PROBE_KEPT_MS);
    return Promise.all(
      this.#states.map(async ({ place }) => {
        const own = new QueueKeys(place.prefix).getKeys(place.name);
        const [wait, prioritized, isPaused] = await Promise.all([redis.llen(own['wait']!), redis.zcard(own['prioritized']!), redis.hexists(own['meta']!, 'paused')]); // BullMQ has these of every queue
        return isPaused === 1 ? 0 : wait + prioritized;
      }),
    );
  }
}

function watchProgress(state: State): State {
  const { worker, active } = state;
  const stir = (): void => {
    state.idleSince = performance.now();
  };
  worker.on('active', (job) => {
    active.set(job.id ?? '', performance.now());
    stir();
  });
  for (const name of ['completed', 'failed'] as const) {
    worker.on(name, (job: { id?: string | undefined } | undefined) => {
      active.delete(job?.id ?? '');
      stir();
    });
  }
  // Redis refused: it is asked, and will be again.
  worker.on('error', (error) => {
    if (error.name === 'ReplyError') stir();
  });
  return state;
}
