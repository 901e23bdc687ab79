import type { Config } from '../src/config/parseConfig.js';
import { jobs } from './jobs.js';

/** A job of the maintenance queue that comes again and again. */
export interface Schedule {
  /** Names the scheduler in BullMQ; one that is no longer declared is removed at the next start. */
  readonly id: string;
  readonly everyMs: number;
  readonly jobName: string;
  readonly data: object;
}

/**
 * What runs on a schedule. The jobs have a queue of their own, since BullMQ makes the next one when one is taken up: behind
 * a blocked queue they would stop.
 */
export function schedules(config: Pick<Config, 'ANALYTICS_CLEANUP_INTERVAL'>): readonly Schedule[] {
  return [{ id: 'cleanup', everyMs: config.ANALYTICS_CLEANUP_INTERVAL, jobName: jobs.maintenance.name, data: { v: 1 } }];
}
