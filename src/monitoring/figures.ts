/**
 * The figures that a role publishes with each heartbeat. Counters begin at 0 when the role starts and only grow: readers
 * take rates from the difference between two beats. Gauges are what holds at the moment.
 */

/** What a processing role counts. */
export interface ProcessingFigures {
  /** Counter: jobs done. */
  readonly jobsCompleted: number;
  /** Counter: attempts that failed, those that will be repeated included. */
  readonly jobsFailed: number;
  /** Counter: events stored. */
  readonly eventsStored: number;
  /** Counter: metric samples stored. */
  readonly samplesStored: number;
  /** Counter: events left out because they were stored before. */
  readonly duplicates: number;
  /** Counter: events and samples left out because they were older than their retention. */
  readonly expired: number;
  /** Counter: ms spent on completed jobs, added up over jobs (BullMQ's `finishedOn - processedOn`). */
  readonly processingMs: number;
  /** Counter: canaries stored; they are in no other figure. */
  readonly canaries: number;
  /** Gauge: jobs being worked on. */
  readonly jobsActive: number;
}

/** What a role counts where people or programs sign in: board, http and broadcasting. */
export interface SignInFigures {
  /** Counter: credentials that were refused. */
  readonly signInFailures: number;
  /** Counter: addresses and people that were locked out. */
  readonly signInLocks: number;
}

/** What a broadcasting role counts. */
export interface BroadcastingFigures {
  /** Gauge: signed-in sockets. */
  readonly clients: number;
  /** Gauge: all sockets, those that have not signed in included. */
  readonly connections: number;
  /** Counter: messages sent to sockets. */
  readonly messagesSent: number;
  /** Counter: sockets closed by the server for a fault, and sends that failed. */
  readonly errors: number;
  /** Counter: refused sign-ins, and sockets that did not sign in in time. */
  readonly authenticationFailures: number;
  /** Gauge: when the latest canary had been sent that was seen in the feed, ms by the clock of Redis; 0 before the first. */
  readonly canaryAt: number;
}
