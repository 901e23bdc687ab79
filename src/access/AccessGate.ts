import type { AuditEntry, AuditLog, AuditOutcome } from '../audit/AuditLog.js';
import type { Operation } from '../contract/access.js';
import { AccessError } from '../errors/AccessError.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { UnauthenticatedError } from '../security/UnauthenticatedError.js';
import { decide } from './decide.js';
import type { Grant } from './Grant.js';
import { application, type Principal } from './Principal.js';

/** What somebody asks for. */
export interface AccessRequest {
  readonly operation: Operation;
  /** The event type or metric that it is about. */
  readonly series?: string | undefined;
  /** The users whom it names. */
  readonly subjects?: readonly string[] | undefined;
  /** A code, or why, as somebody wrote it. */
  readonly reason?: string | undefined;
}

/** What is about to be given out, for the record of it. */
export interface Told {
  readonly count: number;
  readonly subjects: readonly string[];
  /** Whether it was withheld, being somebody else's. */
  readonly isWithheld?: boolean;
}

/**
 * Where everything is decided and recorded: the service, HTTP, sockets, exports, commands and the board go through it. What
 * cannot be recorded is not given out and not done.
 */
export class AccessGate {
  readonly #audit: Pick<AuditLog, 'record'>;
  readonly #onError: (error: Error) => void;

  constructor(audit: Pick<AuditLog, 'record'>, onError: (error: Error) => void) {
    this.#audit = audit;
    this.#onError = onError;
  }

  /**
   * Something that gives out data: decided, read, recorded, given out.
   * @param work gets the grant, undefined for the application, which may see everything; and what it may call as soon as it
   *   knows what it will tell: that is recorded while it goes on, and what it tells in the end is not
   * @throws AccessError, recorded; AuditError when it cannot be recorded; whatever `work` throws
   */
  async read<T>(principal: Principal, request: AccessRequest, work: (grant: Grant | undefined, tell: (told: Told) => void) => Promise<{ readonly answer: T; readonly told: Told }>): Promise<T> {
    let recording: Promise<void> | undefined;
    const tell = (told: Told): void => {
      recording = this.#recordRead(principal, request, told);
      // Whoever waits for it below gets its error; where the work throws first, nobody does.
      recording.catch(() => undefined);
    };
    let read: { readonly answer: T; readonly told: Told };
    // Every read comes by here, so there are no closures and promises that it could do without.
    try {
      if (principal.check !== undefined) await principal.check();
      read = await work(grantOf(principal, request), tell);
    } catch (error) {
      await this.#recordDenial(principal, request, error);
      throw error;
    }
    await (recording ?? this.#recordRead(principal, request, read.told));
    return read.answer;
  }

  #recordRead(principal: Principal, request: AccessRequest, { count, subjects, isWithheld = false }: Told): Promise<void> {
    const entry = entryOf(principal, request, isWithheld ? 'denied' : 'allowed');
    if (isWithheld) entry.reason = 'owner';
    if (subjects.length > 0) entry.subjects = subjects;
    entry.count = isWithheld ? 0 : count;
    return this.#audit.record(entry);
  }

  /**
   * Something that changes what there is: decided, recorded, done. A failure is recorded as well.
   * @throws as `read` does; with an AuditError nothing was done
   */
  async act<T>(principal: Principal, request: AccessRequest, work: (grant: Grant | undefined) => Promise<T>): Promise<T> {
    const grant = await this.#decide(principal, request);
    await this.#audit.record(entryOf(principal, request, 'allowed'));
    try {
      return await work(grant);
    } catch (error) {
      await this.#recordAnyway({ ...entryOf(principal, request, 'failed'), reason: codeOf(error) });
      throw error;
    }
  }

  /** Something that gives out nothing and is not recorded, such as tracking. @throws AccessError, UnauthenticatedError; both are recorded */
  async allow(principal: Principal, request: AccessRequest): Promise<void> {
    await this.#decide(principal, request);
  }

  /** Records that somebody is let in who then receives data. @throws AuditError when it cannot be recorded: then let nobody in */
  async enter(principal: Principal, request: AccessRequest): Promise<void> {
    await this.#audit.record(entryOf(principal, request, 'allowed'));
  }

  /** Records that somebody was let in, who sees no data by that alone. Resolves also when it cannot be recorded. */
  async admitted(principal: Principal, request: AccessRequest): Promise<void> {
    await this.#recordAnyway(entryOf(principal, request, 'allowed'));
  }

  /** Records that somebody was not let in, who may not even be known. Resolves also when it cannot be recorded: they are not let in. */
  async denied(principal: Principal, request: AccessRequest): Promise<void> {
    await this.#recordAnyway(entryOf(principal, request, 'denied'));
  }

  async #decide(principal: Principal, request: AccessRequest): Promise<Grant | undefined> {
    try {
      if (principal.check !== undefined) await principal.check();
      return grantOf(principal, request);
    } catch (error) {
      await this.#recordDenial(principal, request, error);
      throw error;
    }
  }

  /** Records what an error says of a denial, if it does. */
  async #recordDenial(principal: Principal, request: AccessRequest, error: unknown): Promise<void> {
    if (error instanceof AccessError) {
      const reason = error.field === undefined ? error.reason : `${error.reason}: ${error.field}`;
      await this.#recordAnyway({ ...entryOf(principal, request, 'denied'), reason });
    }
    if (error instanceof UnauthenticatedError) await this.#recordAnyway({ ...entryOf(principal, request, 'denied'), reason: error.reason });
  }

  async #recordAnyway(entry: AuditEntry): Promise<void> {
    try {
      await this.#audit.record(entry);
    } catch (error) {
      this.#onError(error instanceof Error ? error : new AnalyticsError('INTERNAL', 'The audit log did not take a record.'));
    }
  }
}

/** @throws AccessError */
function grantOf(principal: Principal, { operation }: AccessRequest): Grant | undefined {
  return principal === application ? undefined : decide(principal.actor, operation);
}

/** An entry that is still being written. */
type Draft = { -readonly [Member in keyof AuditEntry]: AuditEntry[Member] };

/** Member by member: an object that is spread together from parts that may be missing costs each read 8 µs more. */
function entryOf({ actor, via }: Principal, { operation, series, subjects, reason }: AccessRequest, outcome: AuditOutcome): Draft {
  const entry: Draft = { actor: { subject: actor.subject, roles: actor.roles, via }, operation, outcome, purpose: actor.purpose };
  if (actor.origin !== undefined) entry.origin = actor.origin;
  if (series !== undefined) entry.series = series;
  if (subjects !== undefined && subjects.length > 0) entry.subjects = subjects;
  if (reason !== undefined) entry.reason = reason;
  return entry;
}

function codeOf(error: unknown): string {
  return error instanceof AnalyticsError ? error.code : 'INTERNAL';
}
