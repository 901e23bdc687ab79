import { JobFailure } from '../../ingestion/jobFailure.js';
import { JobWatch } from './JobWatch.js';
import { lowerPriority } from './lowerPriority.js';
import type { ChildJob } from './messages.js';
import { ChildGoneError, ProcessorChild } from './ProcessorChild.js';

export interface ChildLimits {
  /** A job's signal is aborted after this; a second later its child is killed. ms */
  readonly deadlineMs: number;
  /** Jobs after which a child is replaced, roughly. */
  readonly jobs: number;
  /** Resident memory above which a child is replaced, bytes; above twice as much before its successor is there. */
  readonly memory: number;
  /** Children that are kept beyond those that work: one that is lost is made good at once, however busy the machine. Default: 0. */
  readonly spare?: number;
  /** Its child gets less of the processors than others when a job takes longer than this, and is replaced after it, ms. Default: never. */
  readonly lowerAfterMs?: number;
  /** What a child may take to start, and a job may wait for one. Default: 15 s, since a busy machine takes seconds. */
  readonly startMs?: number;
}

export interface ChildPoolOptions {
  /** The processor. */
  readonly file: URL;
  readonly execArgv: readonly string[];
  /** Children that are kept. */
  readonly size: number;
  readonly limits: ChildLimits;
  readonly onEvent: (event: ChildEvent) => void;
  /** Told each line that a child writes to its log. */
  readonly onLine: (line: string) => void;
  /** Told how many jobs are slow, whenever that changes. */
  readonly onSlow?: ((slow: number) => void) | undefined;
}

/** What happened to a child, for the log. */
export interface ChildEvent {
  readonly kind: 'crashed' | 'killed' | 'startFailed' | 'recycled';
  readonly pid: number | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly jobs: number;
  readonly bytes: number;
}

/** Counters since the pool was made; `alive` and `memory` are what holds now. */
export type PoolFigures = Readonly<Record<'started' | 'crashed' | 'killed' | 'recycled' | 'alive' | 'memory', number>>;

/** No child could be had for the job, or it was taken away to end the worker. */
export class NoChildError extends Error {}

const START_MS = 15_000;
/** Before the next try to start a child, after tries that failed. */
const AGAIN_MS = { first: 100, most: 5000 };

interface Waiter {
  readonly resolve: (child: ProcessorChild) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** `leaving`: at work still, until its successor is. `ending`: killed, or told to end. */
type State = 'starting' | 'staying' | 'leaving' | 'ending';

/**
 * The children of one worker, and the watch over them. BullMQ's own pool would wait for ever for a child that hangs, in a
 * job or while it starts, and keep each for ever.
 *
 * As many children are kept as were ever wanted at once, `size` at most, and the spare ones; beyond that only while jobs are
 * slow. One that is lost, or about to be, is replaced at once and not when the next job comes.
 */
export class ChildPool {
  readonly #options: ChildPoolOptions;
  /** What a child may take to start, and a job may wait for one, ms. */
  readonly startMs: number;
  readonly #spare: number;
  /** Every child that has not ended. */
  readonly #children = new Map<ProcessorChild, State>();
  readonly #idle: ProcessorChild[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #counts = { started: 0, crashed: 0, killed: 0, recycled: 0 };
  #busy = 0;
  #wanted = 0;
  #slow = 0;
  /** Starts that failed, one after the other. */
  #failures = 0;
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ChildPoolOptions) {
    this.#options = options;
    this.startMs = options.limits.startMs ?? START_MS;
    this.#spare = options.limits.spare ?? 0;
  }

  /** Process ids of the children that have not ended. */
  get pids(): readonly number[] {
    return [...this.#children.keys()].flatMap(({ pid }) => pid ?? []);
  }

  figures(): PoolFigures {
    let memory = 0;
    for (const { rss } of this.#children.keys()) memory += rss;
    return { ...this.#counts, alive: this.#children.size, memory };
  }

  /**
   * Runs a job in a child, for as long as a job may take.
   *
   * @param signal cancels it
   * @param isSuspect whether its child did not survive it before: it takes no place of others
   * @throws JobFailure; NoChildError when it is at no fault of the job's
   */
  async run(job: ChildJob, token: string | undefined, signal?: AbortSignal, isSuspect = false): Promise<unknown> {
    this.#busy += 1;
    this.#wanted = Math.max(this.#wanted, this.#busy);
    try {
      const child = await this.#acquire();
      try {
        return await this.#runIn(child, job, token, signal, isSuspect);
      } finally {
        this.#release(child);
      }
    } finally {
      this.#busy -= 1;
      this.#wanted = Math.min(this.#wanted, Math.max(this.#busy, this.#options.size));
    }
  }

  /** Kills all children: what they were doing fails. Takes no more jobs. */
  kill(): void {
    this.#close();
    for (const child of this.#children.keys()) child.kill();
  }

  /** Lets the children end, which have nothing to do once their worker has finished its jobs. */
  async end(): Promise<void> {
    this.#close();
    await Promise.all([...this.#children.keys()].map(async (child) => child.end()));
  }

  #close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    for (const child of this.#children.keys()) this.#children.set(child, 'ending');
    for (const { reject, timer } of this.#waiters.splice(0)) {
      clearTimeout(timer);
      reject(new NoChildError());
    }
  }

  async #runIn(child: ProcessorChild, job: ChildJob, token: string | undefined, signal: AbortSignal | undefined, isSuspect: boolean): Promise<unknown> {
    const { deadlineMs, lowerAfterMs } = this.#options.limits;
    const watch = new JobWatch(child, {
      deadlineMs,
      signal,
      isSuspect,
      lowerAfterMs,
      onSlow: (change) => this.#countSlow(change),
      onLowered: () => {
        if (child.pid !== undefined) lowerPriority(child.pid);
        this.#leave(child);
      },
      // Its successor starts now, so that the job need not wait for it.
      onDeadline: () => this.#leave(child),
      onOverdue: () => this.#kill(child),
    });
    try {
      const result = child.run(job, token);
      if (signal?.aborted === true) child.cancel('shutdown');
      return await result;
    } catch (error) {
      if (!(error instanceof ChildGoneError)) throw error;
      if (this.#isClosed) throw new NoChildError();
      throw watch.isPastDeadline
        ? new JobFailure('DEADLINE_EXCEEDED: the job took longer than it may, and its child was killed.')
        : new JobFailure('CHILD_CRASHED: the child that ran the job ended in the midst of it.');
    } finally {
      watch.end();
    }
  }

  #countSlow(change: 1 | -1): void {
    this.#slow += change;
    this.#options.onSlow?.(this.#slow);
  }

  #kill(child: ProcessorChild): void {
    this.#children.set(child, 'ending');
    this.#counts.killed += 1;
    this.#tell('killed', child);
    child.kill();
  }

  async #acquire(): Promise<ProcessorChild> {
    if (this.#isClosed) throw new NoChildError();
    const child = this.#idle.pop();
    if (child !== undefined) return child;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve,
        reject,
        timer: setTimeout(() => {
          this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
          reject(new NoChildError());
        }, this.startMs),
      };
      this.#waiters.push(waiter);
      this.#fill();
    });
  }

  #release(child: ProcessorChild): void {
    const state = this.#children.get(child);
    if (state !== 'staying' && state !== 'leaving') return;
    const { jobs, memory } = this.#options.limits;
    if (child.rss > 2 * memory) {
      this.#recycle(child);
      this.#fill();
      return;
    }
    this.#give(child);
    if (state === 'leaving' || child.jobs >= jobs || child.rss > memory || this.#surplus > 0) this.#leave(child);
  }

  #give(child: ProcessorChild): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#idle.push(child);
      return;
    }
    clearTimeout(waiter.timer);
    waiter.resolve(child);
  }

  #leave(child: ProcessorChild): void {
    this.#children.set(child, 'leaving');
    this.#fill();
  }

  get #surplus(): number {
    let staying = 0;
    for (const state of this.#children.values()) if (state === 'staying') staying += 1;
    return staying - Math.max(this.#wanted, this.#options.size) - this.#spare;
  }

  /** Starts the children that are lacking; ends those that have been replaced. */
  #fill(): void {
    if (this.#isClosed) return;
    let staying = 0;
    let starting = 0;
    for (const state of this.#children.values()) {
      if (state === 'staying') staying += 1;
      else if (state === 'starting') starting += 1;
    }
    if (staying >= this.#wanted) this.#recycleIdle();
    const kept = this.#wanted === 0 ? 0 : this.#wanted + this.#spare;
    if (this.#again === undefined) for (let lacking = kept - staying - starting; lacking > 0; lacking -= 1) void this.#start();
  }

  /** Ends those of the leaving that are idle; the others come by again when they are done. */
  #recycleIdle(): void {
    for (const [child, state] of this.#children) {
      const place = this.#idle.indexOf(child);
      if (state !== 'leaving' || place < 0) continue;
      this.#idle.splice(place, 1);
      this.#recycle(child);
    }
  }

  #recycle(child: ProcessorChild): void {
    this.#children.set(child, 'ending');
    this.#counts.recycled += 1;
    this.#tell('recycled', child);
    void child.end();
  }

  async #start(): Promise<void> {
    const { file, execArgv, onLine } = this.#options;
    const child = new ProcessorChild({ file, execArgv, onLine, onExit: () => this.#remove(child) });
    this.#children.set(child, 'starting');
    try {
      await child.start(this.startMs);
    } catch {
      this.#tryAgain(child);
      return;
    }
    if (this.#children.get(child) !== 'starting') return;
    this.#failures = 0;
    this.#counts.started += 1;
    this.#children.set(child, 'staying');
    this.#give(child);
    this.#fill();
  }

  #tryAgain(child: ProcessorChild): void {
    if (this.#isClosed) return;
    this.#failures += 1;
    this.#tell('startFailed', child);
    const ms = Math.min(AGAIN_MS.first * 2 ** (this.#failures - 1), AGAIN_MS.most);
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      this.#fill();
    }, ms);
  }

  /** It has ended, as it should or by itself. */
  #remove(child: ProcessorChild): void {
    const state = this.#children.get(child);
    this.#children.delete(child);
    const place = this.#idle.indexOf(child);
    if (place >= 0) this.#idle.splice(place, 1);
    if (state !== 'staying' && state !== 'leaving') return;
    this.#counts.crashed += 1;
    this.#tell('crashed', child);
    this.#fill();
  }

  #tell(kind: ChildEvent['kind'], child: ProcessorChild): void {
    this.#options.onEvent({ kind, pid: child.pid, ...child.exit, jobs: child.jobs, bytes: child.rss });
  }
}
