import type { QueueTitle } from '../../queues/names.js';
import type { MergeReport } from '../merging/mergeStatus.js';
import type { StoreFigures } from '../merging/storeFigures.js';
import type { NotReadyReason } from './readiness.js';
import type { Percentiles } from './canary/readCanary.js';
import type { CleanupReport } from '../retention/cleanupStatus.js';

/** How the service fares. Rates are per second, taken over the last 10 s or so. */
export interface Stats {
  /** When this was read, ms since the epoch. */
  readonly at: number;
  /** null when Redis does not answer. */
  readonly queue: QueueStats | null;
  /** null when Redis does not answer. */
  readonly webSocket: WebSocketStats | null;
  /** What is stored, as the last merge found it. null when none has finished yet, or Redis does not answer. */
  readonly store: StoreFigures | null;
  readonly system: SystemStats;
}

export interface QueueStats {
  /** Jobs of events and metrics that wait, those put off for another attempt included. A job carries up to `batchSize` events. */
  readonly length: number;
  /** Events and metric samples stored a second, by all workers. */
  readonly processingRate: number;
  /** Attempts that failed a second; most are repeated. `queues.*.failed` has the jobs that were given up. */
  readonly errorRate: number;
  /** Mean time that a worker spent on a completed job, ms. 0 when none was completed. */
  readonly processingTime: number;
  readonly queues: Readonly<Record<QueueTitle, JobCounts>>;
}

export interface JobCounts {
  /** Ready to be worked on. */
  readonly waiting: number;
  readonly active: number;
  /** Waiting for their time: for another attempt, or for the schedule. */
  readonly delayed: number;
  /** Given up after their last attempt: dead letters, kept until somebody decides. */
  readonly failed: number;
  /** When the first of these was given up, ms since the epoch; null when there are none. */
  readonly oldestFailedAt: number | null;
}

export interface WebSocketStats {
  /** Signed-in sockets of all broadcasters. */
  readonly connectedClients: number;
  /** Messages sent to sockets a second. */
  readonly messageRate: number;
  /** Faults a second: sockets closed for one, and sends that failed. */
  readonly errorRate: number;
  /** Refused sign-ins, and sockets that never signed in, since the running broadcasters started. */
  readonly authenticationFailures: number;
}

export interface SystemStats {
  readonly memory: {
    /** Resident memory of the processes that beat, bytes. Children that run processors are in `children`. */
    readonly processes: number;
    /** Bytes that Redis uses; null when it does not answer. */
    readonly redis: number | null;
    /** Bytes that Redis may use; null when there is no limit or no answer. */
    readonly redisLimit: number | null;
  };
  readonly redis: {
    readonly connected: boolean;
    /** Round trip of one PING, ms. */
    readonly latency: number | null;
    readonly version: string | null;
  };
  /**
   * `running`: a worker beats. `stuck`: workers beat, jobs wait, and none was finished for 10 s. `absent`: no worker beats.
   * `unknown`: Redis does not answer.
   */
  readonly workerStatus: 'running' | 'stuck' | 'absent' | 'unknown';
  /** Why `/health/ready` says no; empty when it says yes. */
  readonly notReady: readonly NotReadyReason[];
  /** How the service's own test events fare, one of which goes through queue, processor, store and feed every 3 s. */
  readonly canary: {
    /** `late`: one has not been stored for 10 s. `none`: none is sent, or none has been stored yet. */
    readonly status: 'ok' | 'late' | 'none' | 'unknown';
    /** When the newest that is stored was sent, ms since the epoch. */
    readonly lastStoredAt: number | null;
    /** ms from being sent until a worker took it, until it was stored, and until a broadcaster saw it: the last 10 minutes. */
    readonly wait: Percentiles | null;
    readonly store: Percentiles | null;
    readonly feed: Percentiles | null;
  };
  /** Emergency accesses that go on; null when Redis does not answer. */
  readonly emergencies: number | null;
  /** Sign-ins at the board; null when Redis does not answer. */
  readonly signIns: {
    /** Credentials that were refused since the running processes started. */
    readonly failures: number;
    /** Addresses and people that are locked out at the moment. */
    readonly lockedOut: number;
  } | null;
  readonly processes: readonly ProcessStats[];
  /** The children in which workers run jobs; null when Redis does not answer. */
  readonly children: ChildStats | null;
  readonly cleanup: {
    /** `late`: the last one finished more than two intervals ago. `never`: none has finished yet. */
    readonly status: 'ok' | 'late' | 'never' | 'unknown';
    /** ms since the epoch. */
    readonly lastFinishedAt: number | null;
    readonly durationMs: number | null;
    readonly removed: CleanupReport | null;
  };
  readonly merge: {
    /** `late`: the last one finished more than two intervals ago. `never`: none has finished yet. */
    readonly status: 'ok' | 'late' | 'never' | 'unknown';
    /** ms since the epoch. */
    readonly lastFinishedAt: number | null;
    readonly durationMs: number | null;
    readonly report: MergeReport | null;
  };
}

/** Of all workers that run; counts since each started. */
export interface ChildStats {
  readonly alive: number;
  /** Resident memory as the children last told it, bytes. */
  readonly memory: number;
  /** Children that got as far as to take jobs. */
  readonly started: number;
  /** Children that ended by themselves, or by another's hand. */
  readonly crashed: number;
  /** Children that were killed because their job did not end when it was told to. */
  readonly killed: number;
  /** Children that were replaced by new ones, being old or large. */
  readonly recycled: number;
}

/** One role of one process. */
export interface ProcessStats {
  readonly id: string;
  readonly role: string;
  readonly host: string;
  readonly pid: number;
  /** ms since the epoch. */
  readonly startedAt: number;
  /** ms since its last heartbeat; at 15,000 it counts as gone. */
  readonly beatAge: number;
  /** Of this package. */
  readonly version: string;
  /** Resident memory, bytes. */
  readonly memory: number;
}
