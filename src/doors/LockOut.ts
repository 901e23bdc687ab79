import type { AccessGate } from '../access/AccessGate.js';
import type { Operation } from '../contract/access.js';
import type { Logger } from '../logging/createLogger.js';
import type { SignInFigures } from '../monitoring/figures.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script } from '../redis/Script.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { FailureCounter, type Noted } from './FailureCounter.js';
import { failureMark, type Door, type FailureKind } from './failureMark.js';
import { lockOutLimits, type LockOutLimits } from './lockOutLimits.js';

export interface LockOutOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Makes marks of addresses and people. Undefined in a process without keys: it counts in its own memory alone. */
  readonly fingerprints: Pick<Fingerprints, 'failure'> | undefined;
  /** Doors of one name share their counts, in whatever process; a lock at one is none at another. */
  readonly door: Door;
  /** What records of the audit log call it. */
  readonly operation: Operation;
  readonly gate: Pick<AccessGate, 'denied'>;
  readonly logger: Logger;
  /** ms since the epoch. Default: the clock. */
  readonly now?: (() => number) | undefined;
  readonly limits?: Partial<LockOutLimits> | undefined;
}

/** What Redis gets to answer, ms: somebody waits for it. */
const MOST_MS = 500;

/** Stands in records for somebody who is not known. */
const UNKNOWN = 'unknown';

/**
 * Locks out whoever fails to sign in too often, by address and by person, for all processes that have Redis in common. In Redis
 * stand keyed hashes, so that it does not tell who tried from where.
 *
 * While Redis is away each process counts for itself: somebody then has as many tries as there are processes times five, and is
 * never let through for want of a count. Nobody is locked out for that Redis is away.
 *
 * The person is counted only where it is proved who they are, as by a token that is good while the code is not: anybody could
 * lock out anybody otherwise.
 */
export class LockOut {
  readonly #options: LockOutOptions;
  readonly #limits: LockOutLimits;
  readonly #own: FailureCounter;
  readonly #now: () => number;
  #failures = 0;
  #locks = 0;

  constructor(options: LockOutOptions) {
    this.#options = options;
    this.#limits = { ...lockOutLimits, ...options.limits };
    this.#own = new FailureCounter(this.#limits);
    this.#now = options.now ?? Date.now;
  }

  get figures(): SignInFigures {
    return { signInFailures: this.#failures, signInLocks: this.#locks };
  }

  /** ms until another try from there, or of that person, is looked at; 0: now. Ask before a credential is looked at. Never throws. */
  async lockedFor(address: string, person?: string): Promise<number> {
    const marks = this.#marks(address, person);
    const now = this.#now();
    const own = marks.map(({ mark }) => this.#own.lockedFor(mark, now));
    const shared = await this.#shared(async ({ redis, keys }) => redis.hmget(keys.lockOut.failures, ...marks.map(({ mark }) => mark)));
    const until = (shared ?? []).map((value) => Number(value?.split(':')[3] ?? 0) - now);
    return Math.max(0, ...own, ...until);
  }

  /**
   * Notes that a credential failed. Never throws.
   * @param person only where it is proved who they are
   * @returns ms for which whoever it was is locked out now; 0: not
   */
  async failed(address: string, person?: string): Promise<number> {
    this.#failures += 1;
    const noted = await this.#note(this.#marks(address, person), address, person);
    return Math.max(...noted.map(({ nowMs }) => nowMs));
  }

  /**
   * Counts a try of a person before it is looked at, as of a code that can be guessed: many that come at once are then counted
   * one by one, and the sixth is not looked at. `succeeded` takes it back. Never throws.
   * @returns ms for which they are locked out, and it is not to be looked at; 0: look at it
   */
  async take(address: string, person: string): Promise<number> {
    const [noted] = await this.#note(this.#marks(undefined, person), address, person);
    return noted?.beforeMs ?? 0;
  }

  /** Forgets the failures of a person who has signed in; those of an address stay, since who has one good credential could go on guessing others. Never throws. */
  async succeeded(person: string): Promise<void> {
    for (const { mark } of this.#marks(undefined, person)) {
      this.#own.forget(mark);
      await this.#shared(async ({ redis, keys }) => script('forgetFailures').run(redis, { keys: keysOf(keys), args: [mark, 0] }));
    }
  }

  async #note(marks: readonly { readonly kind: FailureKind; readonly mark: string }[], address: string, person: string | undefined): Promise<Noted[]> {
    const now = this.#now();
    const { failures, windowMs, firstLockMs, longestLockMs, rememberedMs, kept } = this.#limits;
    const own = marks.map(({ mark }) => this.#own.note(mark, now));
    const shared = await this.#shared(async ({ redis, keys }) =>
      script('noteFailure').run(redis, { keys: keysOf(keys), args: [now, failures, windowMs, firstLockMs, longestLockMs, rememberedMs, kept, ...marks.map(({ mark }) => mark)] }),
    );
    const times = Array.isArray(shared) ? shared.map(Number) : [];
    const noted: Noted[] = [];
    for (const [place, { kind }] of marks.entries()) {
      const here = own[place]!; // one for each
      const there = { beforeMs: times[2 * place] ?? 0, nowMs: times[2 * place + 1] ?? 0 };
      noted.push({ beforeMs: Math.max(here.beforeMs, there.beforeMs), nowMs: Math.max(here.nowMs, there.nowMs) });
      // Said by whoever caused it, once; those that come while it lasts are refused unheard. Which of many at once it was Redis
      // knows, where it locks: it need not take them in the order in which they were counted here.
      const { beforeMs, nowMs } = there.nowMs > 0 ? there : here;
      if (beforeMs === 0 && nowMs > 0) await this.#alarm(kind, nowMs, address, person);
    }
    return noted;
  }

  async #alarm(kind: FailureKind, lockMs: number, address: string, person: string | undefined): Promise<void> {
    const { logger, gate, operation, door } = this.#options;
    this.#locks += 1;
    logger.error('ALARM: sign-ins failed too often and are locked out. See who: npm run audit -- list --outcome denied', { reason: kind, name: door, durationMs: lockMs });
    await gate.denied({ actor: { subject: person ?? UNKNOWN, roles: [], purpose: 'operations', origin: address }, via: 'token' }, { operation, reason: `locked out: ${kind}, ${Math.round(lockMs / 1000)} s` });
  }

  #marks(address: string | undefined, person: string | undefined): { readonly kind: FailureKind; readonly mark: string }[] {
    const { fingerprints, door } = this.#options;
    const given: readonly (readonly [FailureKind, string | undefined])[] = [
      ['address', address],
      ['person', person],
    ];
    return given.flatMap(([kind, value]) => {
      return value === undefined ? [] : [{ kind, mark: failureMark(fingerprints, door, kind, value) }];
    });
  }

  /** What Redis says; undefined without keys, and while it is away, which is said. */
  async #shared<T>(work: (place: Pick<LockOutOptions, 'redis' | 'keys'>) => Promise<T>): Promise<T | undefined> {
    if (this.#options.fingerprints === undefined) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      // Where this process itself stood still, the answer lies in its socket: that is read before the next immediate.
      timer = setTimeout(() => setImmediate(reject, new Error('no answer in time')), MOST_MS);
    });
    const answer = work(this.#options);
    // Whoever is late is not waited for: what was sent still counts.
    answer.catch(() => undefined);
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      this.#options.logger.warn('Failed sign-ins are counted by this process alone: Redis did not take them', { error });
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

function keysOf({ lockOut }: Keys): string[] {
  return [lockOut.failures, lockOut.forgotten, lockOut.locked];
}
