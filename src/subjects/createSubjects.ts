import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Operation } from '../contract/access.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { amend, type AmendmentReceipt } from './amend.js';
import { checkBackups } from './checkBackups.js';
import { emptyCounts, readRequest, saveRequest, unfinishedRequests, type ErasureCounts, type ErasureRequest, type ErasureStep } from './ErasureRequest.js';
import { ErasureLease } from './ErasureLease.js';
import { exportSubject, type ExportRecord } from './exportSubject.js';
import { listHolds, refuseHeld, releaseHold, setHold, type LegalHold } from './holds.js';
import { parseAmend, parseErase, parseErasureId, parseHold, parseRelease, parseUserId, type AmendOptions, type EraseOptions, type ErasureMode, type HoldOptions, type ReleaseOptions } from './options.js';
import { checkPlan, planErasure, type ErasurePlan } from './plan.js';
import { isGenuine, listReceipts, readReceipt, type ErasureReceipt } from './Receipt.js';
import { runErasure } from './runErasure.js';
import type { Requester, SubjectContext } from './SubjectContext.js';

/** How far an erasure came. It does not say whose it is. */
export interface ErasureProgress {
  readonly id: string;
  readonly mode: ErasureMode;
  /** ms since 1970. */
  readonly requestedAt: number;
  readonly step: ErasureStep;
  /** Event types that the store was gone through for, and how many there are. */
  readonly typesDone: number;
  readonly types: number;
  readonly counts: ErasureCounts;
}

/** What a person may ask for, and what may be asked about it. See docs/subject-rights.md. */
export interface Subjects {
  /** Everything that there is of one person, line by line. */
  export(userId: string): AsyncGenerator<ExportRecord, void, undefined>;
  /** Links a statement to an event of the person, which stays as it is; an export shows both. @throws AnalyticsError `EVENT_UNKNOWN` */
  amend(userId: string, eventId: string, options: AmendOptions): Promise<AmendmentReceipt>;
  /** Counts what an erasure would take; changes nothing. */
  erase(userId: string, options: EraseOptions & { readonly dryRun: true }): Promise<ErasurePlan>;
  /** Erases what was tracked up to now, and resolves with the receipt. @throws LegalHoldError; AnalyticsError `PLAN_OUTDATED`; BackupError where there is a backup that it does not reach */
  erase(userId: string, options: EraseOptions): Promise<ErasureReceipt>;
  /** Leaves the erasure to a worker. @throws as `erase` does */
  startErasure(userId: string, options: EraseOptions): Promise<ErasureProgress>;
  /** Erasures that are not done. */
  erasures(): Promise<ErasureProgress[]>;
  /** Goes on in this process with one that was cut short. @returns its receipt; undefined when another process is at it */
  resume(id: string): Promise<ErasureReceipt | undefined>;
  /** @throws AnalyticsError `RECEIPT_UNKNOWN` */
  receipt(id: string): Promise<ErasureReceipt>;
  /** Latest first. */
  receipts(): Promise<ErasureReceipt[]>;
  /** Whether this store issued the receipt, and nothing of it was changed. */
  isGenuine(receipt: unknown): boolean | Promise<boolean>;
  /** Refuses every erasure of this user from now on. */
  hold(userId: string, options: HoldOptions): Promise<void>;
  /** @returns whether there was a hold */
  release(userId: string, options: ReleaseOptions): Promise<boolean>;
  holds(): Promise<LegalHold[]>;
}

/** What is asked for, for the decision and the record of it. */
export interface SubjectRequest {
  readonly operation: Operation;
  readonly userId?: string | undefined;
  readonly reason?: string | undefined;
}

/** Where requests are decided on and recorded. */
export interface SubjectGate {
  /** Decides, records, and then does it; a failure is recorded as well. @throws AccessError, AuditError: then nothing was done */
  act<T>(request: SubjectRequest, work: () => Promise<T>): Promise<T>;
  /** Records how much is given out, before it is. */
  told(request: SubjectRequest, count: number): Promise<void>;
}

export interface SubjectsOptions {
  readonly context: SubjectContext;
  readonly by: Requester;
  readonly gate: SubjectGate;
  /** Has a worker look for erasures that are not done. */
  readonly wakeWorker: () => Promise<void>;
  /** Ends a run between two steps; it can be resumed. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ErasureProgress) => void) | undefined;
}

const PAUSE_MS = 200;

type Begun = Pick<ReturnType<typeof parseErase>, 'userId' | 'mode' | 'plan' | 'leaveBackups'>;

export function createSubjects(options: SubjectsOptions): Subjects {
  const { context, by, gate, signal } = options;

  /** Writes down what is to be done, once it is allowed. */
  const begin = async ({ userId, mode, plan, leaveBackups }: Begun): Promise<ErasureRequest> =>
    gate.act({ operation: 'subjects.erase', userId, reason: mode }, async () => {
      await refuseHeld(context, userId);
      if (plan !== undefined) await checkPlan(context, userId, mode, plan);
      const request: ErasureRequest = {
        id: randomUUID(),
        userId,
        mode,
        by: by.subject,
        requestedAt: context.now(),
        fences: [],
        step: 'fence',
        typesDone: [],
        touched: [],
        areSamplesDone: false,
        counts: emptyCounts(),
        leaveBackups,
        hasMissedBackups: false,
        surrogateKey: randomBytes(32).toString('base64'),
      };
      await saveRequest(context, request);
      return request;
    });

  const carryOut = async (id: string): Promise<ErasureReceipt | undefined> => {
    const lease = await ErasureLease.take(context.redis, context.keys, id);
    if (lease === undefined) return undefined;
    try {
      const request = await readRequest(context, id);
      if (request === undefined) return await readReceipt(context, id); // another process was faster
      await refuseHeld(context, request.userId);
      await checkBackups(context, request.leaveBackups);
      const receipt = await runErasure(context, request, {
        throwIfAborted: () => signal?.throwIfAborted(),
        pause: async () => {
          await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
        },
        onProgress: (now) => options.onProgress?.(progressOf(now)),
      });
      await gate.told({ operation: 'subjects.erase', userId: request.userId, reason: `receipt ${id}` }, receipt.content.done.events);
      return receipt;
    } finally {
      await lease.end().catch(() => undefined);
    }
  };

  async function erase(userIdGiven: string, given: EraseOptions & { readonly dryRun?: boolean }): Promise<ErasurePlan | ErasureReceipt> {
    const { dryRun, ...request } = parseErase(userIdGiven, given);
    const { userId, mode } = request;
    if (dryRun) return gate.act({ operation: 'subjects.erase', userId, reason: 'dry run' }, async () => planErasure(context, userId, mode));
    // Once more when it begins: here nothing was written down yet.
    await checkBackups(context, request.leaveBackups);
    const { id } = await begin(request);
    const receipt = await carryOut(id);
    if (receipt !== undefined) return receipt;
    throw new AnalyticsError('ERASURE_UNFINISHED', 'Another process carries this erasure out. List erasures to see how far it is, and receipts for its end.');
  }

  return {
    async *export(userIdGiven) {
      const userId = parseUserId(userIdGiven);
      const lines = await gate.act({ operation: 'subjects.export', userId }, async () => Promise.resolve(exportSubject(context, userId)));
      for await (const line of lines) {
        if (line.record === 'end') await gate.told({ operation: 'subjects.export', userId, reason: 'end' }, line.events + line.samples);
        yield line;
      }
    },
    async amend(userIdGiven, eventId, given) {
      const amendment = parseAmend(userIdGiven, eventId, given);
      return gate.act({ operation: 'subjects.amend', userId: amendment.userId, reason: amendment.reason }, async () => amend(context, amendment, by));
    },
    erase: erase as Subjects['erase'], // a plan of a dry run, and a receipt otherwise
    async startErasure(userIdGiven, given) {
      const request = await begin(parseErase(userIdGiven, given));
      await options.wakeWorker();
      return progressOf(request);
    },
    async erasures() {
      return gate.act({ operation: 'subjects.read' }, async () => {
        const requests = await Promise.all((await unfinishedRequests(context)).map(async (id) => readRequest(context, id)));
        return requests.flatMap((request) => (request === undefined ? [] : [progressOf(request)]));
      });
    },
    async resume(id) {
      const known = parseErasureId(id);
      return gate.act({ operation: 'subjects.erase', reason: `resume ${known}` }, async () => carryOut(known));
    },
    async receipt(id) {
      const known = parseErasureId(id);
      return gate.act({ operation: 'subjects.read' }, async () => readReceipt(context, known));
    },
    async receipts() {
      return gate.act({ operation: 'subjects.read' }, async () => listReceipts(context));
    },
    isGenuine: (receipt) => isGenuine(context, receipt),
    async hold(userIdGiven, given) {
      const { userId, reason, until } = parseHold(userIdGiven, given);
      return gate.act({ operation: 'subjects.hold', userId, reason }, async () => {
        await setHold(context, { userId, reason, until }, by);
        await context.backups?.keepErasures();
      });
    },
    async release(userIdGiven, given) {
      const { userId, reason } = parseRelease(userIdGiven, given);
      return gate.act({ operation: 'subjects.hold', userId, reason }, async () => {
        const wasHeld = await releaseHold(context, userId);
        await context.backups?.keepErasures();
        return wasHeld;
      });
    },
    async holds() {
      return gate.act({ operation: 'subjects.read' }, async () => listHolds(context));
    },
  };
}

function progressOf({ id, mode, requestedAt, step, typesDone, fences, counts }: ErasureRequest): ErasureProgress {
  return { id, mode, requestedAt, step, typesDone: typesDone.length, types: fences.length, counts };
}
