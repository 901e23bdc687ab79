import type { Queue } from 'bullmq';

import { jobs } from '../../../../queues/jobs.js';
import type { Config } from '../../../config/parseConfig.js';
import { ConfigurationError } from '../../../errors/ConfigurationError.js';
import { KeyError } from '../../../errors/KeyError.js';
import type { SenderSpool } from '../../../producer/JobSender.js';
import { Spool } from '../../../producer/spool/Spool.js';
import type { RedisClient } from '../../../redis/RedisClient.js';
import { withDeadline } from './withDeadline.js';

export interface OpenSpoolOptions {
  readonly config: Pick<Config, 'ANALYTICS_SPOOL_DIR' | 'ANALYTICS_SPOOL_BYTES'>;
  readonly redis: RedisClient;
  readonly queues: Readonly<Record<'events' | 'metrics', Queue>>;
  /** Whether the data in Redis is sealed to this process' key, and Redis is safe to write to. */
  readonly check: () => Promise<void>;
  /** What is not answered by then goes to disk. */
  readonly answerMs: number;
  readonly onError: (error: Error) => void;
}

/** Jobs that are added again have more time than one that somebody waits for. */
const REPLAY_MS = 5000;

/**
 * The spool, if one is configured. Redis need not be there: what comes meanwhile is kept.
 * @throws KeyError `KEY_MISMATCH`; ConfigurationError when this Redis is not safe to write to; what the disk says when the folder cannot be made
 */
export async function openSpool({ config, redis, queues, check, answerMs, onError }: OpenSpoolOptions): Promise<SenderSpool | undefined> {
  const { ANALYTICS_SPOOL_DIR: dir, ANALYTICS_SPOOL_BYTES: maxBytes } = config;
  if (dir === undefined) return undefined;
  let fault: KeyError | ConfigurationError | undefined;
  const late = () => new Error('Redis does not answer');
  const meet = async (): Promise<void> => {
    try {
      await check();
      fault = undefined;
    } catch (error) {
      if (isFault(error)) fault = error;
      throw error;
    }
  };
  const spool = await Spool.open({
    dir,
    maxBytes,
    onError,
    replay: async (records) => {
      const add = async (): Promise<void> => {
        await meet();
        if (records.length === 0) await redis.ping();
        await Promise.all(
          records.map(async ({ queue, id, priority, payload }) => queues[queue].add(jobs[queue].name, payload, { jobId: id, priority })),
        );
      };
      await withDeadline(add(), REPLAY_MS, late, { keepsAlive: false });
    },
  });
  try {
    await withDeadline(meet(), answerMs, late);
  } catch (error) {
    if (isFault(error)) {
      await spool.close();
      throw error;
    }
    spool.markAway();
  }
  return { spool, answerMs, fault: () => fault };
}

/** What waiting does not mend. */
function isFault(error: unknown): error is KeyError | ConfigurationError {
  return error instanceof KeyError || error instanceof ConfigurationError;
}
