import { DelayedError, Worker, type Job, type WorkerOptions } from 'bullmq';

import { NoChildError, type ChildPool } from './children/ChildPool.js';

/** When a job that found no child is looked at again. */
const PUT_BACK_MS = 1000;

/**
 * A BullMQ worker whose sandbox is ours: it has a deadline for each job, kills the child that does not keep it, and replaces
 * children that have grown old. In BullMQ's own a child that hangs is never noticed, since the worker renews its lock.
 */
export class SupervisedWorker extends Worker {
  readonly children: ChildPool;

  constructor(name: string, processor: URL, children: ChildPool, options: WorkerOptions) {
    super(name, processor, options);
    this.children = children;
  }

  /** Called by the constructor of `Worker`, before `children` is there. */
  protected override createSandbox(): void {
    this.processFn = async (job: Job, token, signal) => {
      try {
        // A job that was taken from a queue has an id.
        return await this.children.run({ id: job.id ?? '', name: job.name, data: job.data }, token, signal);
      } catch (error) {
        if (!(error instanceof NoChildError)) throw error;
        // It was not begun, or not at its own fault: that costs it no attempt.
        await job.moveToDelayed(Date.now() + PUT_BACK_MS, token);
        throw new DelayedError();
      }
    };
  }
}
