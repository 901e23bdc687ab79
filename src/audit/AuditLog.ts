/** What came of what somebody asked for. `failed`: it was allowed, and an error ended it. */
export type AuditOutcome = 'allowed' | 'denied' | 'failed';

/** Who asks. */
export interface AuditActor {
  /** Who it is: the subject of a token, the id of an API key, `application` for the bare service. Rests sealed. */
  readonly subject: string;
  readonly roles: readonly string[];
  /** How they signed in: `token`, `key`, `application`, `cli`, `board`. */
  readonly via: string;
}

/** One thing that somebody did, or was not let do. */
export interface AuditEntry {
  readonly actor: AuditActor;
  /** Such as `events.read`. */
  readonly operation: string;
  readonly outcome: AuditOutcome;
  /** Why they say they need it, such as `treatment`. */
  readonly purpose: string;
  /** Whose data it is about: user ids. Only keyed pseudonyms of them are kept. */
  readonly subjects?: readonly string[];
  /** Which event type or metric. */
  readonly series?: string;
  /** How many events, samples or records were given out. */
  readonly count?: number;
  /** Where it came from, such as an address. */
  readonly origin?: string;
  /** A code, or the reason that somebody gave. Rests sealed. */
  readonly reason?: string;
}

/** The audit log of one process. */
export interface AuditLog {
  /**
   * Resolves when the entry is in the chain. Call it before what it tells of leaves the process.
   * @throws AuditError `AUDIT_UNAVAILABLE` within 2 s when it cannot be written, of a process's first record within 15 s, since its folder is made then: give out nothing
   */
  record(entry: AuditEntry): Promise<void>;
  /** Takes no more records, and waits for those under way. Safe to call twice. */
  close(): Promise<void>;
}
