import type { QueueTitle } from '../../queues/names.js';
import type { Event } from '../contract/event.js';
import type { Metric } from '../contract/metric.js';
import type { FailureCode } from './failureCode.js';

/** A job that was given up, and is kept sealed until somebody decides. What it carries is not in here. */
export interface DeadLetter {
  /** The job's id. */
  readonly id: string;
  readonly queue: QueueTitle;
  /** When it was given up, ms since 1970. */
  readonly failedAt: number;
  readonly reason: FailureCode;
  /** Attempts that failed. */
  readonly attempts: number;
  /** How often it was started, those included that no worker ended. */
  readonly starts: number;
  /** BullMQ's priority, 1 is first; 0 is none. It is kept when the job is retried. */
  readonly priority: number;
  /** Events in it, as its producer says; absent for other queues. */
  readonly events?: number;
  /** Samples in it, as its producer says; absent for other queues. */
  readonly samples?: number;
  /** Bytes that its batch takes in Redis, sealed. */
  readonly bytes: number;
  /** Names the public key that it is sealed to; absent where it is not sealed. */
  readonly keyId?: string;
}

/** A dead letter, opened. One of the lists is empty. */
export interface OpenedDeadLetter {
  readonly deadLetter: DeadLetter;
  readonly events: readonly Event[];
  readonly samples: readonly Metric[];
}

/** Where a job stands in its queue's set of failed ones. */
export interface FailedJob {
  readonly queue: QueueTitle;
  readonly id: string;
  readonly failedAt: number;
}
