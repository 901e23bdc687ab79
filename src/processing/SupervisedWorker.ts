import { DelayedError, Worker, type Job, type WorkerOptions } from 'bullmq';

import { ChildPool } from './children/ChildPool.js';
import type { ChildPoolOptions } from './children/ChildPoolOptions.js';
import { NoChildError } from './children/NoChildError.js';

/** When a job that found no child is looked at again. */
const PUT_BACK_MS = 1000;

/**
 * A BullMQ worker whose sandbox is ours: it has a deadline for each job, kills the child that does not keep it, and replaces
 * children that have grown old. In BullMQ's own a child that hangs is never noticed, since the worker renews its lock.
 */
export class SupervisedWorker extends Worker {
  readonly children: ChildPool;

  constructor(name: string, processor: URL, children: Omit<ChildPoolOptions, 'file' | 'size' | 'onSlow'>, options: WorkerOptions & { readonly concurrency: number }) {
    super(name, processor, options);
    const size = options.concurrency;
    this.children = new ChildPool({ ...children, file: processor, size, onSlow: (slow) => this.#makeRoom(size, slow) });
  }

  /**
   * Gives the places of slow jobs to others, up to as many again: a job that hangs, and the next ones like it, would
   * otherwise take from the rest half of two children for 50 s.
   */
  #makeRoom(size: number, slow: number): void {
    const before = this.concurrency;
    this.concurrency = size + Math.min(slow, size);
    // What is put into the loop counts as a job there: one that ends would not bring the next one along.
    if (this.concurrency <= before) return;
    // Private in its types. The loop looks at the number only when something happens, as `resume` makes it.
    const { mainLoopQueue } = this as unknown as { mainLoopQueue: { add(item: Promise<void>): void } | null };
    mainLoopQueue?.add(Promise.resolve());
  }

  /** Called by the constructor of `Worker`, before `children` is there. */
  protected override createSandbox(): void {
    this.processFn = async (job: Job, token, signal) => {
      try {
        // A job that was taken from a queue has an id.
        return await this.children.run({ id: job.id ?? '', name: job.name, data: job.data }, token, signal, isSuspect(job));
      } catch (error) {
        if (isFirstCrash(job, error)) job.opts.backoff = { type: 'fixed', delay: 0 };
        if (!(error instanceof NoChildError) && !isAway(error)) throw error;
        // It was not begun, or not at its own fault, as while the store has no replica: that costs it no attempt.
        await job.moveToDelayed(Date.now() + PUT_BACK_MS, token);
        throw new DelayedError();
      }
    };
  }
}

/** Its child crashed in it, or had to be killed: it may be the job's doing. */
function isSuspect({ attemptsMade, failedReason }: Job): boolean {
  return attemptsMade > 0 && /^(CHILD_CRASHED|DEADLINE_EXCEEDED)/.test(failedReason ?? '');
}

/** What a child says when the store does not take what it has, though nothing is wrong with that. */
function isAway(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('REDIS_UNAVAILABLE');
}

/** A child that is killed says nothing about its job, which begins again at once; a second one may be the job's doing. */
function isFirstCrash(job: Job, error: unknown): boolean {
  return job.attemptsMade === 0 && error instanceof Error && error.message.startsWith('CHILD_CRASHED');
}
