import { JobFailure } from '../../ingestion/jobFailure.js';
import type { ChildEvent, ChildPoolOptions, PoolFigures } from './ChildPoolOptions.js';
import { ChildRoster } from './ChildRoster.js';
import { ChildWaiters } from './ChildWaiters.js';
import { JobWatch } from './JobWatch.js';
import { lowerPriority } from './lowerPriority.js';
import type { ChildJob } from './messages.js';
import { NoChildError } from './NoChildError.js';
import { ChildGoneError, ProcessorChild } from './ProcessorChild.js';

const START_MS = 15_000;
const KEPT_MS = 30_000;
/** Before the next try to start a child, after tries that failed. */
const AGAIN_MS = { first: 100, most: 5000 };

/**
 * The children of one worker, and the watch over them. BullMQ's own pool would wait for ever for a child that hangs, in a
 * job or while it starts, and keep each for ever.
 *
 * As many children are kept as were ever wanted at once, `size` at most, and the spare ones; beyond that only while jobs are
 * slow, and half a minute. One that is lost, or about to be, is replaced at once and not when the next job comes.
 */
export class ChildPool {
  readonly #options: ChildPoolOptions;
  /** What a child may take to start, and a job may wait for one, ms. */
  readonly startMs: number;
  readonly #spare: number;
  readonly #keptMs: number;
  readonly #children = new ChildRoster();
  readonly #waiters = new ChildWaiters();
  readonly #counts = { started: 0, crashed: 0, killed: 0, recycled: 0 };
  #busy = 0;
  #wanted = 0;
  #wantedAt = 0;
  #slow = 0;
  /** Starts that failed, one after the other. */
  #failures = 0;
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ChildPoolOptions) {
    this.#options = options;
    this.startMs = options.limits.startMs ?? START_MS;
    this.#spare = options.limits.spare ?? 0;
    this.#keptMs = options.limits.keptMs ?? KEPT_MS;
  }

  /** Process ids of the children that have not ended. */
  get pids(): readonly number[] {
    return this.#children.all().flatMap(({ pid }) => pid ?? []);
  }

  figures(): PoolFigures {
    return { ...this.#counts, alive: this.#children.size, memory: this.#children.memory };
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
    if (this.#busy >= this.#wanted) {
      this.#wanted = this.#busy;
      this.#wantedAt = performance.now();
    }
    try {
      const child = await this.#acquire();
      try {
        return await this.#runIn(child, job, token, signal, isSuspect);
      } finally {
        this.#release(child);
      }
    } finally {
      this.#busy -= 1;
      if (performance.now() - this.#wantedAt > this.#keptMs) this.#wanted = Math.min(this.#wanted, Math.max(this.#busy, this.#options.size));
    }
  }

  /** Kills all children: what they were doing fails. Takes no more jobs. */
  kill(): void {
    this.#close();
    for (const child of this.#children.all()) child.kill();
  }

  /** Lets the children end, which have nothing to do once their worker has finished its jobs. */
  async end(): Promise<void> {
    this.#close();
    await Promise.all(this.#children.all().map(async (child) => child.end()));
  }

  #close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    for (const child of this.#children.all()) this.#children.mark(child, 'ending');
    this.#waiters.sendAway();
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
    this.#children.mark(child, 'ending');
    this.#counts.killed += 1;
    this.#tell('killed', child);
    child.kill();
  }

  async #acquire(): Promise<ProcessorChild> {
    if (this.#isClosed) throw new NoChildError();
    const child = this.#children.takeIdle();
    if (child !== undefined) return child;
    const waiting = this.#waiters.wait(this.startMs);
    this.#fill();
    return waiting;
  }

  #release(child: ProcessorChild): void {
    const state = this.#children.stateOf(child);
    if (state !== 'staying' && state !== 'leaving') return;
    const { jobs, memory } = this.#options.limits;
    if (child.rss > 2 * memory) {
      this.#recycle(child);
      this.#fill();
      return;
    }
    this.#give(child);
    if (state === 'leaving' || child.jobs >= jobs || child.rss > memory) this.#leave(child);
    // Not the one that works: what V8 has compiled in it took a million events, and a new one starts anew.
    else if (this.#surplus > 0) this.#leave(this.#children.longestIdle ?? child);
  }

  #give(child: ProcessorChild): void {
    if (!this.#waiters.give(child)) this.#children.rest(child);
  }

  #leave(child: ProcessorChild): void {
    this.#children.mark(child, 'leaving');
    this.#fill();
  }

  get #surplus(): number {
    return this.#children.count('staying') - Math.max(this.#wanted, this.#options.size) - this.#spare;
  }

  /** Starts the children that are lacking; ends those that have been replaced, or lets them come by again when they are done. */
  #fill(): void {
    if (this.#isClosed) return;
    const staying = this.#children.count('staying');
    if (staying >= this.#wanted) for (const child of this.#children.takeLeavers()) this.#recycle(child);
    if (this.#again !== undefined) return;
    const starting = this.#children.count('starting');
    const kept = this.#wanted === 0 ? 0 : this.#wanted + this.#spare;
    // A start takes a processor for a third of a second: more of them at once would be none the sooner.
    const room = this.#options.size - starting;
    for (let lacking = Math.min(kept - staying - starting, room); lacking > 0; lacking -= 1) void this.#start();
  }

  #recycle(child: ProcessorChild): void {
    this.#children.mark(child, 'ending');
    this.#counts.recycled += 1;
    this.#tell('recycled', child);
    void child.end();
  }

  async #start(): Promise<void> {
    const { file, execArgv, onLine } = this.#options;
    const child = new ProcessorChild({ file, execArgv, onLine, onExit: () => this.#remove(child) });
    this.#children.mark(child, 'starting');
    try {
      await child.start(this.startMs);
    } catch {
      this.#tryAgain(child);
      return;
    }
    if (this.#children.stateOf(child) !== 'starting') return;
    this.#failures = 0;
    this.#counts.started += 1;
    this.#children.mark(child, 'staying');
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
    const state = this.#children.remove(child);
    if (state !== 'staying' && state !== 'leaving') return;
    this.#counts.crashed += 1;
    this.#tell('crashed', child);
    this.#fill();
  }

  #tell(kind: ChildEvent['kind'], child: ProcessorChild): void {
    this.#options.onEvent({ kind, pid: child.pid, ...child.exit, jobs: child.jobs, bytes: child.rss });
  }
}
