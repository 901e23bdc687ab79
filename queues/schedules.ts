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

/** An erasure whose process was killed goes on within this time. A look that finds none is one small read. */
const ERASE_EVERY_MS = 60_000;
const SCRUB_PART_MS = 600_000;

/**
 * What runs on a schedule. The jobs have a queue of their own, since BullMQ makes the next one when one is taken up: behind
 * a blocked queue they would stop.
 */
export function schedules(config: Pick<Config, 'ANALYTICS_CLEANUP_INTERVAL' | 'ANALYTICS_MERGE_INTERVAL' | 'ANALYTICS_SCRUB_INTERVAL'>): readonly Schedule[] {
  const { cleanup, merge, erase, scrub } = jobs.maintenance;
  return [
    { id: 'cleanup', everyMs: config.ANALYTICS_CLEANUP_INTERVAL, jobName: cleanup.name, data: { v: 1 } },
    { id: 'merge', everyMs: config.ANALYTICS_MERGE_INTERVAL, jobName: merge.name, data: { v: 1 } },
    { id: 'erase', everyMs: ERASE_EVERY_MS, jobName: erase.name, data: { v: 1 } },
    // A part of a round each time, and nothing when the next round is not due.
    { id: 'scrub', everyMs: Math.min(config.ANALYTICS_SCRUB_INTERVAL, SCRUB_PART_MS), jobName: scrub.name, data: { v: 1 } },
  ];
}
