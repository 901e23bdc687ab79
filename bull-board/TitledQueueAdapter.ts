import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { Job, Queue } from 'bullmq';

import type { QueueTitle } from '../queues/names.js';

/** A queue under the name that people call it by: its BullMQ name may be another, and stands in no address here. */
export class TitledQueueAdapter extends BullMQAdapter {
  readonly #title: QueueTitle;

  constructor(queue: Queue, title: QueueTitle, { readOnly }: { readonly readOnly: boolean }) {
    super(queue, { readOnlyMode: readOnly, allowRetries: !readOnly });
    this.#title = title;
  }

  override getName(): string {
    return this.#title;
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const job = await super.getJob(id);
    return job === undefined ? undefined : retriedAnew(job);
  }

  override async getJobs(...args: Parameters<BullMQAdapter['getJobs']>): Promise<Job[]> {
    return (await super.getJobs(...args)).map(retriedAnew);
  }
}

/** A job that was given up has used its attempts: retried as it is, it would have one more. */
function retriedAnew(job: Job): Job {
  const retry = job.retry.bind(job);
  job.retry = async (state) => retry(state, { resetAttemptsMade: true, resetAttemptsStarted: true });
  return job;
}
