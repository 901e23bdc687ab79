import type { WebSocket } from 'ws';

import { priorityTable } from '../../../../queues/priorities.js';
import type { EmergencyRequest } from '../../../access/emergency/EmergencyRequest.js';
import { parseActor } from '../../../access/parseActor.js';
import { application } from '../../../access/Principal.js';
import type { AuditQueries } from '../../../audit/queries/AuditQueries.js';
import type { Config } from '../../../config/parseConfig.js';
import type { ActorOptions } from '../../../contract/access.js';
import { eventTypes } from '../../../contract/defineEventType.js';
import type { EventData } from '../../../contract/event.js';
import type { EventTypeName, EventTypes } from '../../../contract/eventTypes.js';
import type { MetricData } from '../../../contract/metric.js';
import type { DeadLetters } from '../../../deadletters/createDeadLetters.js';
import { AnalyticsError } from '../../../errors/AnalyticsError.js';
import { DeadlineError } from '../../../errors/DeadlineError.js';
import { ServiceClosedError } from '../../../errors/ServiceClosedError.js';
import { mergeAll } from '../../../merging/mergeAll.js';
import type { MergeReport } from '../../../merging/mergeStatus.js';
import { cleanUp, cleanupLimits } from '../../../retention/cleanUp.js';
import type { CleanupReport } from '../../../retention/cleanupStatus.js';
import { configuredGuard } from '../../../security/guard/configuredGuard.js';
import type { ActorService } from './ActorService.js';
import { ActorViews } from './ActorViews.js';
import type { EmergencyService } from './EmergencyService.js';
import type { Subjects } from '../../../subjects/createSubjects.js';
import { AnalyticsReader } from './AnalyticsReader.js';
import { startInProcessWorker, type InProcessWorker } from './InProcessWorker.js';
import { LinkKeeper } from './LinkKeeper.js';
import { LocalAudience } from './LocalAudience.js';
import { configOf, type AnalyticsServiceOptions } from './options.js';
import type { AuthenticateOptions } from './principalOfCredential.js';
import { processOnce } from './processOnce.js';
import type { ReadCall } from './ReadCall.js';
import { readServiceStats, type ServiceStats } from './readServiceStats.js';
import { Reads } from './Reads.js';
import type { ServiceLink } from './ServiceLink.js';
import { createServiceReader, shownDays, type ServiceReader } from './ServiceReader.js';
import { Tracker } from './Tracker.js';
import type { TrackEventResult, TrackMetricResult } from './trackMany.js';
import { typedFailure } from './typedFailure.js';
import { withDeadline } from './withDeadline.js';

export { EventPriority } from '../../../contract/EventPriority.js';
export { EventType } from '../../../contract/EventType.js';
export { declareClasses, defineEventType } from '../../../contract/defineEventType.js';
export { defineAggregation } from '../../../insights/aggregation/aggregations.js';
export type { ActorService } from './ActorService.js';
export type { AuthenticateOptions } from './principalOfCredential.js';
export type { EmergencyService } from './EmergencyService.js';
export type { ProducerStats } from '../../../producer/ProducerStats.js';
export type { ServiceStats } from './readServiceStats.js';
export type { TrackEventResult, TrackFailure, TrackMetricResult } from './trackMany.js';

/** What `close` leaves behind. */
export interface CloseReport {
  /** Events and samples that Redis had not acknowledged when time ran out; their callers got a DeadlineError. */
  readonly undelivered: number;
}

/** Tracks events and metrics, and reads them back. Every call settles within `deadlineMs`. See docs/api.md. */
export class AnalyticsService extends AnalyticsReader implements AsyncDisposable {
  readonly #config: Config;
  readonly #types: EventTypes;
  readonly #onError: (error: Error) => void;
  readonly #links: LinkKeeper;
  readonly #audience: LocalAudience;
  readonly #worker: Promise<InProcessWorker | undefined>;
  /** Aborted when its time to close is over. */
  readonly #workerEnd = new AbortController();
  readonly #reads: Reads;
  readonly #tracker: Tracker;
  readonly #views: ActorViews;
  #deadLetters: DeadLetters | undefined;
  #subjects: Subjects | undefined;
  #audit: AuditQueries | undefined;
  /** Aborted when the service closes. */
  readonly #ending = new AbortController();
  #closing: Promise<CloseReport> | undefined;

  /**
   * Opens nothing, unless `worker` is set: the first call does.
   * @param config for the roles, which have parsed theirs; it is made of the options and the environment otherwise
   * @throws ConfigurationError naming every option and variable that is wrong
   */
  constructor(options: AnalyticsServiceOptions = {}, config: Config = configOf(options)) {
    super();
    this.#config = config;
    this.#types = options.eventTypes ?? eventTypes;
    this.#onError = options.onError ?? (() => {});
    const [types, guard] = [this.#types, configuredGuard(config, options.guard)];
    this.#links = new LinkKeeper({ config, priorities: priorityTable(options.priorities), onError: this.#onError });
    this.#audience = new LocalAudience(config, this.#onError);
    this.#tracker = new Tracker({ config, types, guard, links: this.#links, audience: this.#audience });
    this.#reads = new Reads(this.#links, types, (link) => createServiceReader(link, { config, types, guard }));
    this.#views = new ActorViews({ config, types, links: this.#links, reads: this.#reads, tracking: this, signal: this.#ending.signal });
    this.#worker = options.worker === true ? this.#startWorker() : Promise.resolve(undefined);
  }

  /**
   * Resolves with the event's id once Redis has acknowledged the job that carries it.
   * @throws ValidationError listing every bad field; nothing was sent
   * @throws DeadlineError with the event's `id` when Redis did not answer in time; calling again with that id is safe
   * @throws BusyError when there is too much of something, with `retryAfterMs`; nothing was stored
   * @throws AnalyticsError `REDIS_UNAVAILABLE` when it was refused; nothing was stored
   */
  trackEvent<const Type extends EventTypeName>(data: EventData<Type>): Promise<string> {
    return this.#tracker.event(data);
  }

  /** Tracks many. @returns a result for each, in order; one that is refused does not fail the others. @throws ValidationError where it is no array */
  async trackEvents(items: readonly EventData[]): Promise<TrackEventResult[]> {
    return this.#tracker.events(items);
  }

  /**
   * Resolves once Redis has acknowledged the job that carries the sample.
   * @throws as `trackEvent` does
   */
  trackMetric(data: MetricData): Promise<void> {
    return this.#tracker.metric(data);
  }

  /**
   * Tracks many; from 256 samples on they are sent in batches of their own, of up to 4,096 whatever `batchSize` is.
   * @returns a result for each, in order; one that is refused does not fail the others
   */
  async trackMetrics(items: readonly MetricData[]): Promise<TrackMetricResult[]> {
    return this.#tracker.metrics(items);
  }

  /**
   * Sends the user's events to this socket from now on, through a broadcaster in this process. May be called for several
   * sockets of one user; a socket that closes removes itself. The caller answers for who the socket belongs to.
   */
  registerClient(userId: string, ws: WebSocket): void {
    if (this.#closing !== undefined) throw new ServiceClosedError('registerClient');
    this.#audience.register(userId, ws);
  }

  /** Resolves when every socket registered so far receives what is stored from now on; `trackEvent` of this service waits for it. */
  async clientsReady(): Promise<void> {
    const { ANALYTICS_DEADLINE_MS: ms } = this.#config;
    await withDeadline(this.#audience.ready(), ms, () => new DeadlineError('clientsReady', ms));
  }

  /** Sends nothing more to any socket of this user. The sockets stay open. */
  unregisterClient(userId: string): void {
    this.#audience.unregister(userId);
  }

  /**
   * Works off what is waiting, up to `batchSize` events and as many samples, in this process. For scripts, tests and
   * small applications. What is not done by the deadline is left for the next call or another worker.
   * @throws KeyError, DeadlineError
   */
  async processEvents(): Promise<void> {
    const late = new AbortController();
    try {
      await this.#links.within('processEvents', (link) => processOnce(this.#config, link, late.signal, this.#onError));
    } finally {
      late.abort();
    }
  }

  /**
   * Removes what is older than this instance keeps, in steps of a few ms: it takes as long as there is something to
   * remove, and fails within 2 s of Redis going away. It is recorded in the audit log.
   * @returns how much was removed, by kind
   * @throws AuditError when it cannot be recorded: nothing was removed
   */
  async cleanup(): Promise<CleanupReport> {
    const limits = { ...cleanupLimits(this.#config), retentionDays: shownDays(this.#config, this.#types) };
    return this.#maintain('cleanup', async ({ redis, keys, keyRing }) => cleanUp({ redis, keys, dataKeys: keyRing.reading?.dataKeys }, limits));
  }

  /**
   * Merges the small chunks of hours that are over, as the schedule does: for scripts and tests, which need not wait for
   * it. Takes as long as there is something to merge, and fails within 2 s of Redis going away.
   * @returns how many chunks became how many, and their bytes
   */
  async merge(): Promise<MergeReport> {
    return this.#maintain('merge', async ({ redis, keys, keyRing }) =>
      mergeAll({ redis, keys, secrets: keyRing.reading }, { metricRetentionDays: this.#config.ANALYTICS_RETENTION_DAYS }),
    );
  }

  /** The jobs that were given up, kept until somebody decides: to be listed, opened, retried or dropped. */
  get deadLetters(): DeadLetters {
    this.#deadLetters ??= this.#views.deadLetters(application);
    return this.#deadLetters;
  }

  /** What persons may ask for: all that there is of them, and that it be erased. See docs/subject-rights.md. */
  get subjects(): Subjects {
    this.#subjects ??= this.#views.subjects(application);
    return this.#subjects;
  }

  /** The audit log: who saw whose data, what a key saw, whether it is whole. See docs/audit.md. */
  get audit(): AuditQueries {
    this.#audit ??= this.#views.audit(application);
    return this.#audit;
  }

  /**
   * How queues, sockets and system fare; every figure is defined in docs/monitoring.md. Answers also while Redis does not: what
   * only Redis knows is null then.
   * @throws AnalyticsError `REDIS_UNAVAILABLE` when this service never reached Redis, and has no spool
   */
  async getStats(): Promise<ServiceStats> {
    return readServiceStats(this.#config, await this.#links.open('getStats'));
  }

  /** Resolves when everything tracked before the call, in flight included, is acknowledged. @throws DeadlineError */
  async flush(): Promise<void> {
    const link = this.#links.opened;
    if (link === undefined) return;
    const { ANALYTICS_DEADLINE_MS: ms } = this.#config;
    await withDeadline(link.drain(), ms, () => new DeadlineError('flush', ms));
  }

  /**
   * Flushes, and closes what this service opened. Safe to call twice.
   * @param options `timeoutMs`: how long to wait for answers; the deadline of calls by default
   * @returns how many events and samples stayed unanswered
   */
  close({ timeoutMs = this.#config.ANALYTICS_DEADLINE_MS }: { timeoutMs?: number } = {}): Promise<CloseReport> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(timeoutMs: number): Promise<CloseReport> {
    this.#ending.abort();
    // Whatever is still being opened is closed as soon as it is open; nobody waits for it longer than this.
    const opening = this.#links.retire();
    const endAt = performance.now() + timeoutMs;
    const inTime = async <T>(work: Promise<T>): Promise<T | undefined> =>
      withDeadline(work, Math.max(0, endAt - performance.now()), () => new DeadlineError('close', timeoutMs)).catch(() => undefined);
    const link = await inTime(opening);
    let undelivered = 0;
    if (link !== undefined) {
      await inTime(link.drain());
      if (!link.hasSpool) undelivered = link.events.unanswered + link.metrics.unanswered;
      await link.close();
      // What had no answer is on disk, if there was room.
      if (link.hasSpool) undelivered = link.events.unanswered + link.metrics.unanswered;
    } else void opening.then((late) => late?.close());
    await this.#audience.close();
    await this.#closeWorker(timeoutMs);
    return { undelivered };
  }

  async #closeWorker(timeoutMs: number): Promise<void> {
    const closed = this.#worker.then((worker) => worker?.close(timeoutMs));
    await withDeadline(closed, timeoutMs, () => new DeadlineError('close', timeoutMs)).catch(() => {});
    this.#workerEnd.abort();
  }

  /** Upkeep by hand: recorded before it is done, and not bounded by the deadline. */
  async #maintain<T>(what: string, work: (link: ServiceLink) => Promise<T>): Promise<T> {
    const link = await this.#links.checked(what);
    try {
      return await link.gate.act(application, { operation: 'store.maintain', reason: what }, async () => work(link));
    } catch (error) {
      throw typedFailure(error);
    }
  }

  async #startWorker(): Promise<InProcessWorker | undefined> {
    try {
      return await startInProcessWorker(this.#config, this.#workerEnd.signal, this.#onError);
    } catch (error) {
      if (!this.#workerEnd.signal.aborted) this.#onError(error instanceof Error ? error : new AnalyticsError('INTERNAL', 'The worker did not start.'));
      return undefined;
    }
  }

  /**
   * The service as this actor sees it: what its roles allow, about the users whom it may see, for its purpose. The bare
   * service acts as the application itself. See docs/access.md.
   * @throws ValidationError naming every bad field
   */
  as(actor: ActorOptions): ActorService {
    return this.#views.of({ actor: parseActor(actor), via: 'sdk' });
  }

  /**
   * The service as the bearer of a token or an API key sees it. What an API key may be used for stands in it; a token's bearer
   * says so with `purpose`. It is checked again before each call, so that one that ended or was revoked ends this too.
   * @throws UnauthenticatedError, recorded; ValidationError for an actor that cannot be one
   */
  async authenticate(credential: string, options: AuthenticateOptions = {}): Promise<ActorService> {
    return this.#views.ofCredential(credential, options);
  }

  /**
   * Breaks the glass: the service as somebody sees it who needs the data of patients that none of its roles reaches, with
   * a reason and the second secret. It is recorded and alarmed about, and ends by itself. See docs/access.md.
   * @throws AccessError for another secret, recorded; ValidationError naming every bad field
   */
  async emergency(request: EmergencyRequest): Promise<EmergencyService> {
    return this.#views.ofEmergency(request);
  }

  protected read<T>(call: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T> {
    return this.#reads.read(application, call, work);
  }
}
