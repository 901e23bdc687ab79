import { priorityTable, type PriorityTable } from '../../../../queues/priorities.js';
import { eventIdAt } from '../../../codec/batchId.js';
import type { Config } from '../../../config/parseConfig.js';
import { eventTypes } from '../../../contract/defineEventType.js';
import type { EventData } from '../../../contract/event.js';
import type { EventTypeName, EventTypes } from '../../../contract/eventTypes.js';
import type { MetricData } from '../../../contract/metric.js';
import { AnalyticsError } from '../../../errors/AnalyticsError.js';
import { DeadlineError } from '../../../errors/DeadlineError.js';
import { ServiceClosedError } from '../../../errors/ServiceClosedError.js';
import type { BatchOutcome } from '../../../producer/batch.js';
import { normalizeEvent } from '../../../producer/normalizeEvent.js';
import { normalizeMetric } from '../../../producer/normalizeMetric.js';
import type { Guard } from '../../../security/guard/Guard.js';
import { offGuard } from '../../../security/guard/offGuard.js';
import { configOf, type AnalyticsServiceOptions } from './options.js';
import { openServiceLink, type ServiceLink } from './ServiceLink.js';
import { withDeadline } from './withDeadline.js';

/** Tracks events and metrics, and reads them back. See docs/api.md. */
export class AnalyticsService implements AsyncDisposable {
  readonly #config: Config;
  readonly #priorities: PriorityTable;
  readonly #types: EventTypes;
  readonly #guard: Guard;
  readonly #onError: (error: Error) => void;
  #link: ServiceLink | undefined;
  #opening: Promise<ServiceLink> | undefined;
  #closing: Promise<CloseReport> | undefined;

  /**
   * Opens nothing: the first call does.
   * @throws ConfigurationError naming every option and variable that is wrong
   */
  constructor(options: AnalyticsServiceOptions = {}) {
    this.#config = configOf(options);
    this.#priorities = priorityTable(options.priorities);
    this.#types = options.eventTypes ?? eventTypes;
    this.#guard = options.guard ?? offGuard;
    this.#onError = options.onError ?? (() => {});
  }

  /**
   * Resolves with the event's id once Redis has acknowledged the job that carries it.
   * @throws ValidationError listing every bad field; nothing was sent
   * @throws DeadlineError with the event's `id` when Redis did not answer in time; calling again with that id is safe
   * @throws AnalyticsError `REDIS_UNAVAILABLE` when it was refused; nothing was stored
   */
  async trackEvent<Type extends EventTypeName>(data: EventData<Type>): Promise<string> {
    const event = normalizeEvent(data, { types: this.#types, guard: this.#guard, now: Date.now() });
    const link = this.#link ?? (await this.#open('trackEvent'));
    const ticket = link.events.add(event.priority, event);
    const id = event.id ?? eventIdAt(ticket.batchId, ticket.place);
    this.#settle('trackEvent', await ticket.outcome, id);
    return id;
  }

  /**
   * Resolves once Redis has acknowledged the job that carries the sample.
   * @throws as `trackEvent` does
   */
  async trackMetric(data: MetricData): Promise<void> {
    const sample = normalizeMetric(data, { guard: this.#guard, now: Date.now() });
    const link = this.#link ?? (await this.#open('trackMetric'));
    this.#settle('trackMetric', await link.metrics.add('metrics', sample).outcome);
  }

  /** Resolves when everything tracked before the call, in flight included, is acknowledged. @throws DeadlineError */
  async flush(): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    const { ANALYTICS_DEADLINE_MS: ms } = this.#config;
    const drained = Promise.all([link.events.drain(), link.metrics.drain()]).then(() => {});
    await withDeadline(drained, ms, () => new DeadlineError('flush', ms));
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
    const link = this.#link ?? (await this.#opening?.catch(() => undefined));
    if (link === undefined) return { undelivered: 0 };
    const drained = Promise.all([link.events.drain(), link.metrics.drain()]).then(() => {});
    await withDeadline(drained, timeoutMs, () => new DeadlineError('close', timeoutMs)).catch(() => {});
    const undelivered = link.events.unanswered + link.metrics.unanswered;
    await link.close();
    return { undelivered };
  }

  async #open(operation: string): Promise<ServiceLink> {
    if (this.#closing !== undefined) throw new ServiceClosedError(operation);
    this.#opening ??= openServiceLink({ config: this.#config, priorities: this.#priorities, onError: this.#onError }).then(
      (link) => (this.#link = link),
      (error: unknown) => {
        this.#opening = undefined;
        throw error instanceof AnalyticsError ? error : unavailable(error);
      },
    );
    return withDeadline(this.#opening, this.#config.ANALYTICS_DEADLINE_MS, () => unavailable(undefined));
  }

  #settle(operation: string, outcome: BatchOutcome, id?: string): void {
    if (outcome.kind === 'acknowledged') return;
    if (outcome.kind === 'refused') throw outcome.error;
    throw new DeadlineError(operation, this.#config.ANALYTICS_DEADLINE_MS, id);
  }
}

/** What `close` leaves behind. */
export interface CloseReport {
  /** Events and samples that Redis had not acknowledged when time ran out; their callers got a DeadlineError. */
  readonly undelivered: number;
}

function unavailable(cause: unknown): AnalyticsError {
  return new AnalyticsError('REDIS_UNAVAILABLE', 'Redis was not reached; nothing was sent. Check REDIS_URL and that Redis runs.', { cause });
}
