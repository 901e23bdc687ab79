export interface ChildLimits {
  /** A job's signal is aborted after this; a second later its child is killed. ms */
  readonly deadlineMs: number;
  /** Jobs after which a child is replaced, roughly. */
  readonly jobs: number;
  /** Resident memory above which a child is replaced, bytes; above twice as much before its successor is there. */
  readonly memory: number;
  /** Children that are kept beyond those that work: one that is lost is made good at once, however busy the machine. Default: 0. */
  readonly spare?: number;
  /** When a job has taken so much of a processor, its child gets less of them than others, and is replaced after it, ms. Default: never; so outside Linux. */
  readonly lowerAfterMs?: number;
  /** What a child may take to start, and a job may wait for one. Default: 15 s, since a busy machine takes seconds. */
  readonly startMs?: number;
  /** How long children beyond `size` are kept after they were last needed. Default: 30 s, since to start one for each slow job, and end it with the job, takes more than the job. */
  readonly keptMs?: number;
}

export interface ChildPoolOptions {
  /** The processor. */
  readonly file: URL;
  readonly execArgv: readonly string[];
  /** Children that are kept. */
  readonly size: number;
  readonly limits: ChildLimits;
  readonly onEvent: (event: ChildEvent) => void;
  /** Told each line that a child writes to its log. */
  readonly onLine: (line: string) => void;
  /** Told how many jobs are slow, whenever that changes. */
  readonly onSlow?: ((slow: number) => void) | undefined;
}

/** What happened to a child, for the log. */
export interface ChildEvent {
  readonly kind: 'crashed' | 'killed' | 'startFailed' | 'recycled';
  readonly pid: number | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly jobs: number;
  readonly bytes: number;
}

/** Counters since the pool was made; `alive` and `memory` are what holds now. */
export type PoolFigures = Readonly<Record<'started' | 'crashed' | 'killed' | 'recycled' | 'alive' | 'memory', number>>;
