import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { Job, Queue } from 'bullmq';

import type { QueueTitle } from '../queues/names.js';
import { retryFailedJob } from '../src/deadletters/retryFailedJob.js';
import type { RedisClient } from '../src/redis/RedisClient.js';
import { isJobId } from './projectJob.js';

/** A queue under the name that people call it by: its BullMQ name may be another, and stands in no address here. */
export class TitledQueueAdapter extends BullMQAdapter {
  readonly #title: QueueTitle;
  readonly #redis: RedisClient;
  readonly #queue: Queue;

  constructor(queue: Queue, title: QueueTitle, redis: RedisClient, { readOnly }: { readonly readOnly: boolean }) {
    super(queue, { readOnlyMode: readOnly, allowRetries: !readOnly });
    this.#title = title;
    this.#redis = redis;
    this.#queue = queue;
  }

  override getName(): string {
    return this.#title;
  }

  override async getJob(id: string): Promise<Job | undefined> {
    // Whatever else somebody puts into the address would be asked for, and with it stand in Redis's slow log.
    if (!isJobId(id)) return undefined;
    const job = await super.getJob(id);
    return job === undefined ? undefined : this.#retriedAnew(job);
  }

  override async getJobs(...args: Parameters<BullMQAdapter['getJobs']>): Promise<Job[]> {
    return (await super.getJobs(...args)).map((job) => this.#retriedAnew(job));
  }

  /** A job that was given up has used its attempts: retried as it is, it would have one more. */
  #retriedAnew(job: Job): Job {
    const retry = job.retry.bind(job);
    job.retry = async (state) => {
      if (state !== 'failed') return retry(state);
      // One that somebody else has retried or dropped meanwhile is none that this could not do.
      await retryFailedJob(this.#redis, this.#queue, job.id ?? '');
    };
    return job;
  }
}
