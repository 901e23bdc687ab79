import type { WebSocket } from 'ws';

import { priorityTable } from '../../../../queues/priorities.js';
import type { AccessGate } from '../../../access/AccessGate.js';
import type { Emergencies } from '../../../access/emergency/Emergencies.js';
import type { EmergencyRequest } from '../../../access/emergency/EmergencyRequest.js';
import { parseActor } from '../../../access/parseActor.js';
import { application, type Principal } from '../../../access/Principal.js';
import { eventIdAt } from '../../../codec/batchId.js';
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
import { collectStats } from '../../../monitoring/collectStats.js';
import type { Stats } from '../../../monitoring/Stats.js';
import type { ProducerStats } from '../../../producer/ProducerStats.js';
import type { BatchOutcome } from '../../../producer/batch.js';
import { normalizeEvent, type NormalizedEvent } from '../../../producer/normalizeEvent.js';
import { KnownMetadata } from '../../../producer/KnownMetadata.js';
import { KnownTags } from '../../../producer/KnownTags.js';
import { normalizeMetric, type NormalizedMetric } from '../../../producer/normalizeMetric.js';
import { cleanUp, cleanupLimits } from '../../../retention/cleanUp.js';
import type { CleanupReport } from '../../../retention/cleanupStatus.js';
import { configuredGuard } from '../../../security/guard/configuredGuard.js';
import type { Guard } from '../../../security/guard/Guard.js';
import { ActorService, type ActorServiceParts } from './ActorService.js';
import { EmergencyService } from './EmergencyService.js';
import { emergenciesOf, openEmergency } from './openEmergency.js';
import type { Subjects } from '../../../subjects/createSubjects.js';
import { AnalyticsReader } from './AnalyticsReader.js';
import { startInProcessWorker, type InProcessWorker } from './InProcessWorker.js';
import { LinkKeeper } from './LinkKeeper.js';
import { LocalAudience } from './LocalAudience.js';
import { configOf, type AnalyticsServiceOptions } from './options.js';
import { principalOfCredential, type AuthenticateOptions } from './principalOfCredential.js';
import { processOnce } from './processOnce.js';
import type { ReadCall } from './ReadCall.js';
import { Reads } from './Reads.js';
import { serviceAudit } from './serviceAudit.js';
import { serviceDeadLetters } from './serviceDeadLetters.js';
import { serviceSubjects } from './serviceSubjects.js';
import type { ServiceLink } from './ServiceLink.js';
import { createServiceReader, shownDays, type ServiceReader } from './ServiceReader.js';
import { trackManyEvents, trackManyMetrics, type TrackEventResult, type TrackMetricResult } from './trackMany.js';
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
export type { TrackEventResult, TrackFailure, TrackMetricResult } from './trackMany.js';

/** What `close` leaves behind. */
export interface CloseReport {
  /** Events and samples that Redis had not acknowledged when time ran out; their callers got a DeadlineError. */
  readonly undelivered: number;
}

/** `producer` is what this service itself sends; the rest is everybody's. */
export interface ServiceStats extends Stats {
  readonly producer: ProducerStats;
}

const STATS_MOST_MS = 2000;

/** Tracks events and metrics, and reads them back. Every call settles within `deadlineMs`. See docs/api.md. */
export class AnalyticsService extends AnalyticsReader implements AsyncDisposable {
  readonly #config: Config;
  readonly #types: EventTypes;
  readonly #guard: Guard;
  readonly #knownMetadata = new KnownMetadata();
  readonly #knownTags = new KnownTags();
  readonly #onError: (error: Error) => void;
  readonly #links: LinkKeeper;
  readonly #audience: LocalAudience;
  readonly #worker: Promise<InProcessWorker | undefined>;
  /** Aborted when its time to close is over. */
  readonly #workerEnd = new AbortController();
  readonly #reads: Reads;
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
    this.#guard = configuredGuard(this.#config, options.guard);
    this.#onError = options.onError ?? (() => {});
    this.#links = new LinkKeeper({ config: this.#config, priorities: priorityTable(options.priorities), onError: this.#onError });
    this.#reads = new Reads(this.#links, this.#types, (link) => createServiceReader(link, { config: this.#config, types: this.#types, guard: this.#guard }));
    this.#audience = new LocalAudience(this.#config, this.#onError);
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
    // One promise for the whole call: an asynchronous function that waits for the lane's would make three, 1 µs of each event's 12.
    return new Promise((resolve, reject) => {
      const event = this.#normalizeEvent(data);
      const send = ({ events }: ServiceLink, timer?: NodeJS.Timeout): void =>
        events.add(event.priority, event, ({ batchId, place, outcome }) => {
          clearTimeout(timer);
          if (outcome.kind === 'refused') {
            reject(outcome.error);
            return;
          }
          const id = event.id ?? eventIdAt(batchId, place);
          const failure = this.#failureOf('trackEvent', outcome, id);
          if (failure === undefined) resolve(id);
          else reject(failure);
        });
      const link = this.#links.current;
      if (link !== undefined && !link.isDoubtful('events') && this.#audience.pending === undefined) send(link);
      else {
        const startTimer = this.#timerOf('trackEvent', reject, event.id);
        this.#linkForEvents('trackEvent').then((waited) => send(waited, startTimer())).catch(reject);
      }
    });
  }

  /** Tracks many. @returns a result for each, in order; one that is refused does not fail the others */
  async trackEvents(items: readonly EventData[]): Promise<TrackEventResult[]> {
    return trackManyEvents({
      items,
      normalize: (item) => this.#normalizeEvent(item),
      open: () => this.#linkForEvents('trackEvents'),
      failureOf: (outcome, id) => this.#failureOf('trackEvents', outcome, id),
      deadlineMs: this.#config.ANALYTICS_DEADLINE_MS,
    });
  }

  /**
   * Resolves once Redis has acknowledged the job that carries the sample.
   * @throws as `trackEvent` does
   */
  trackMetric(data: MetricData): Promise<void> {
    return new Promise((resolve, reject) => {
      const sample = this.#normalizeMetric(data);
      const send = ({ metrics }: ServiceLink, timer?: NodeJS.Timeout): void =>
        metrics.add('metrics', sample, ({ outcome }) => {
          clearTimeout(timer);
          const failure = this.#failureOf('trackMetric', outcome);
          if (failure === undefined) resolve();
          else reject(failure);
        });
      const link = this.#links.current;
      if (link !== undefined && !link.isDoubtful('metrics')) send(link);
      else {
        const startTimer = this.#timerOf('trackMetric', reject);
        this.#links.fresh('trackMetric', 'metrics').then((waited) => send(waited, startTimer())).catch(reject);
      }
    });
  }

  /**
   * Tracks many; from 256 samples on they are sent in batches of their own, of up to 4,096 whatever `batchSize` is.
   * @returns a result for each, in order; one that is refused does not fail the others
   */
  async trackMetrics(items: readonly MetricData[]): Promise<TrackMetricResult[]> {
    return trackManyMetrics({
      items,
      normalize: (item) => this.#normalizeMetric(item),
      open: () => this.#links.fresh('trackMetrics', 'metrics'),
      failureOf: (outcome) => this.#failureOf('trackMetrics', outcome),
      deadlineMs: this.#config.ANALYTICS_DEADLINE_MS,
    });
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
    this.#deadLetters ??= this.#deadLettersOf(application);
    return this.#deadLetters;
  }

  /** What persons may ask for: all that there is of them, and that it be erased. See docs/subject-rights.md. */
  get subjects(): Subjects {
    this.#subjects ??= this.#subjectsFor(application);
    return this.#subjects;
  }

  /** The audit log: who saw whose data, what a key saw, whether it is whole. See docs/audit.md. */
  get audit(): AuditQueries {
    this.#audit ??= this.#auditFor(application);
    return this.#audit;
  }

  /**
   * How queues, sockets and system fare; every figure is defined in docs/monitoring.md. Answers also while Redis does not: what
   * only Redis knows is null then.
   * @throws AnalyticsError `REDIS_UNAVAILABLE` when this service never reached Redis, and has no spool
   */
  async getStats(): Promise<ServiceStats> {
    return this.#statsOf(await this.#links.open('getStats'));
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

  #subjectsFor(principal: Principal): Subjects {
    return serviceSubjects({ config: this.#config, types: this.#types, links: this.#links, principal, signal: this.#ending.signal });
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

  #auditFor(principal: Principal): AuditQueries {
    return serviceAudit({ config: this.#config, links: this.#links, principal });
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
    return this.#asPrincipal({ actor: parseActor(actor), via: 'sdk' });
  }

  /**
   * The service as the bearer of a token or an API key sees it. What an API key may be used for stands in it; a token's bearer
   * says so with `purpose`. It is checked again before each call, so that one that ended or was revoked ends this too.
   * @throws UnauthenticatedError, recorded; ValidationError for an actor that cannot be one
   */
  async authenticate(credential: string, options: AuthenticateOptions = {}): Promise<ActorService> {
    return this.#links.within('authenticate', async (link) => this.#asPrincipal(await principalOfCredential(credential, options, link)));
  }

  /**
   * Breaks the glass: the service as somebody sees it who needs the data of patients that none of its roles reaches, with
   * a reason and the second secret. It is recorded and alarmed about, and ends by itself. See docs/access.md.
   * @throws AccessError for another secret, recorded; ValidationError naming every bad field
   */
  async emergency(request: EmergencyRequest): Promise<EmergencyService> {
    const within = async <T>(work: (gate: AccessGate, emergencies: Emergencies) => Promise<T>): Promise<T> =>
      this.#links.within('emergency', async (link) => work(link.gate, emergenciesOf(this.#config, link)));
    const { emergency, principal } = await openEmergency(request, within);
    return new EmergencyService({ ...this.#partsOf(principal), id: emergency.id, endsAt: emergency.endsAt, within });
  }

  #asPrincipal(principal: Principal): ActorService {
    return new ActorService(this.#partsOf(principal));
  }

  #partsOf(principal: Principal): ActorServiceParts {
    return {
      principal,
      reads: this.#reads,
      tracking: this,
      allow: async (operation) => this.#links.within(operation, async (link) => link.gate.allow(principal, { operation })),
      deadLetters: this.#deadLettersOf(principal),
      subjects: this.#subjectsFor(principal),
      audit: this.#auditFor(principal),
      stats: () => this.#links.within('getStats', (link) => link.gate.read(principal, { operation: 'stats.read' }, async () => ({ answer: await this.#statsOf(link), told: { count: 1, subjects: [] } }))),
    };
  }

  async #statsOf(link: ServiceLink): Promise<ServiceStats> {
    const { redis, keys, queues } = link;
    // Leaves time within the deadline of a call to answer what is known without Redis.
    const answerMs = Math.min(STATS_MOST_MS, this.#config.ANALYTICS_DEADLINE_MS / 2);
    return { ...(await collectStats({ config: this.#config, redis, keys, queues, answerMs })), producer: link.producerStats() };
  }

  #deadLettersOf(principal: Principal): DeadLetters {
    return serviceDeadLetters({ config: this.#config, types: this.#types, principal, within: (operation, work) => this.#links.within(operation, work) });
  }

  protected read<T>(call: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T> {
    return this.#reads.read(application, call, work);
  }

  /**
   * A call that waits for the link has no more time than others: once the link is there, it has the rest.
   * @returns to be called then; whoever answers clears the timer, since an error that nobody gets costs 10 µs too
   */
  #timerOf(operation: string, reject: (error: Error) => void, id?: string): () => NodeJS.Timeout {
    const { ANALYTICS_DEADLINE_MS: ms } = this.#config;
    const endAt = performance.now() + ms;
    return () => setTimeout(() => reject(new DeadlineError(operation, ms, id)), Math.max(0, endAt - performance.now())).unref();
  }

  /** Waits for `work`, no longer than a call may take. */
  async #settled(work: Promise<void>): Promise<void> {
    await withDeadline(work, this.#config.ANALYTICS_DEADLINE_MS / 2, () => new Error('late')).catch(() => {});
  }

  #normalizeEvent(data: EventData): NormalizedEvent {
    return normalizeEvent(data, { types: this.#types, guard: this.#guard, now: Date.now(), knownMetadata: this.#knownMetadata });
  }

  #normalizeMetric(data: MetricData): NormalizedMetric {
    return normalizeMetric(data, { guard: this.#guard, now: Date.now(), knownTags: this.#knownTags });
  }

  /** The link, once sockets that were registered before the call receive what is stored. */
  async #linkForEvents(operation: string): Promise<ServiceLink> {
    const link = await this.#links.fresh(operation, 'events');
    if (this.#audience.pending !== undefined) await this.#settled(this.#audience.pending);
    return link;
  }

  /** What a call ends with; undefined when Redis has acknowledged its batch. */
  #failureOf(operation: string, outcome: BatchOutcome, id?: string): AnalyticsError | undefined {
    if (outcome.kind === 'acknowledged') return undefined;
    return outcome.kind === 'refused' ? outcome.error : new DeadlineError(operation, this.#config.ANALYTICS_DEADLINE_MS, id);
  }
}
