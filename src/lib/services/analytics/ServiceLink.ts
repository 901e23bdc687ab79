import type { Queue } from 'bullmq';

import { createQueue } from '../../../../queues/createQueue.js';
import { jobs } from '../../../../queues/jobs.js';
import { queuePlaces, type QueueTitle } from '../../../../queues/names.js';
import { METRIC_PRIORITY, type PriorityTable } from '../../../../queues/priorities.js';
import { AccessGate } from '../../../access/AccessGate.js';
import { openCredentials, type Credentials } from '../../../access/openCredentials.js';
import { openAuditLog } from '../../../audit/openAuditLog.js';
import { checkService } from '../../../checks/checkService.js';
import type { Config } from '../../../config/parseConfig.js';
import { EventPriority } from '../../../contract/EventPriority.js';
import { EventBatch } from '../../../producer/EventBatch.js';
import { createJobSender } from '../../../producer/JobSender.js';
import { MetricBatch, sampleBytes } from '../../../producer/MetricBatch.js';
import type { NormalizedEvent } from '../../../producer/normalizeEvent.js';
import type { NormalizedMetric } from '../../../producer/normalizeMetric.js';
import { Producer } from '../../../producer/Producer.js';
import { HeldItems } from '../../../producer/HeldItems.js';
import { QueueLoad } from '../../../producer/QueueLoad.js';
import { QueuePace } from '../../../producer/QueuePace.js';
import { connect } from '../../../redis/connect.js';
import { keysOf, type Keys } from '../../../redis/keys.js';
import type { RedisClient } from '../../../redis/RedisClient.js';
import { replicaWaitsOf } from '../../../redis/ReplicaWaits.js';
import { checkKeyIdentity } from '../../../security/checkKeyIdentity.js';
import type { KeyRing } from '../../../security/KeyRing.js';
import type { TokenVerifier } from '../../../security/tokens.js';
import { loadKeyRing } from '../../../security/loadKeyRing.js';
import { openSpool } from './openSpool.js';
import type { ProducerStats } from '../../../producer/ProducerStats.js';
import { withDeadline } from './withDeadline.js';

/** The part of a call's deadline that a failover may take before the call is refused. */
const PATIENT_SHARE = 0.8;

export interface ServiceLinkOptions {
  readonly config: Config;
  readonly priorities: PriorityTable;
  readonly onError: (error: Error) => void;
}

/** What a service has open once it has met Redis. Made at the first call, closed with the service. */
export interface ServiceLink {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  /** Decides and records what is read. */
  readonly gate: AccessGate;
  /** Checks tokens and API keys; opened when it is first asked for. @throws ConfigurationError */
  verifier(): Promise<TokenVerifier>;
  readonly events: Producer<NormalizedEvent, EventPriority>;
  readonly metrics: Producer<NormalizedMetric, 'metrics'>;
  /** Resolves when it is known that the data in Redis is sealed to this key, and that Redis is safe to use: with a spool the link is there before that. */
  check(): Promise<void>;
  /** Whether a call should `refresh` before it is taken: it is some time ago that it was seen how full Redis and the queue are. */
  isDoubtful(title: 'events' | 'metrics'): boolean;
  refresh(title: 'events' | 'metrics'): Promise<void>;
  readonly hasSpool: boolean;
  producerStats(): ProducerStats;
  /** Resolves when everything that was tracked is in Redis. */
  drain(): Promise<void>;
  /** Gives up what was not answered, or leaves it on disk, and closes what was opened. */
  close(): Promise<void>;
}

/**
 * The longest pauses of what is urgent: it has to be there in a quarter of a second. With 20 ms, ten producers of 5,000 events/s made
 * a job of nearly each CRITICAL event, and 1,400 jobs waited.
 */
const PAUSE_MOST_MS: Partial<Record<EventPriority, number>> = { [EventPriority.CRITICAL]: 100, [EventPriority.HIGH]: 250 };
/** With a spool, what Redis does not answer within this time goes to disk. */
const ANSWER_MOST_MS = 1000;
const CLOSE_MOST_MS = 200;

/**
 * Connects, compares keys and builds the producers.
 * @throws KeyError `KEY_MISMATCH` when the data in Redis is sealed to another key; ConfigurationError when it is not safe to use; a Redis error when it is not reached and there is no spool
 */
export async function openServiceLink({ config, priorities, onError }: ServiceLinkOptions): Promise<ServiceLink> {
  const keys = keysOf(config);
  const keyRing = await loadKeyRing(config);
  const redis = connect(config, 'failFast', 'analytics-service', onError);
  const places = queuePlaces(keys);
  const waits = replicaWaitsOf(config, redis);
  const open = (title: QueueTitle): Queue => {
    const place = places[title];
    const queue = createQueue(place, redis, waits && { waits, fence: keys.queueFence(place.prefix) });
    queue.on('error', onError);
    return queue;
  };
  let isChecked = false;
  const check = async (): Promise<void> => {
    if (isChecked) return;
    await checkKeyIdentity(redis, keys, keyRing);
    await checkService(redis, keys, config);
    isChecked = true;
  };
  // A queue says a few words to Redis when it is made: they would be lost, and told, before there is a connection.
  if (config.ANALYTICS_SPOOL_DIR === undefined) {
    try {
      await check();
    } catch (error) {
      redis.disconnect();
      keyRing.reading?.dataKeys.close();
      throw error;
    }
  }
  const audit = openAuditLog(config, { redis, keys, keyRing, onError });
  let credentials: Promise<Credentials> | undefined;
  const openVerifier = async (): Promise<TokenVerifier> => {
    credentials ??= openCredentials(config, { redis, keys, keyRing, onError });
    const { verifier, revocations } = await credentials;
    await revocations.start();
    return verifier;
  };
  const queues = { events: open('events'), metrics: open('metrics'), maintenance: open('maintenance') };
  const letGo = async (): Promise<void> => {
    await withDeadline(credentials?.then(({ revocations }) => revocations.close()) ?? Promise.resolve(), CLOSE_MOST_MS, () => new Error('late')).catch(() => {});
    await withDeadline(audit.close(), CLOSE_MOST_MS, () => new Error('late')).catch(() => {});
    // A queue that never met Redis waits for it, also to be closed.
    const closed = Promise.allSettled(Object.values(queues).map((queue) => queue.close()));
    await withDeadline(closed, CLOSE_MOST_MS, () => new Error('late')).catch(() => {});
    redis.disconnect();
    keyRing.reading?.dataKeys.close();
  };
  const loadOf = (queue: Queue) => new QueueLoad({ queue, redis, mostWaiting: config.ANALYTICS_MAX_WAITING });
  const loads = { events: loadOf(queues.events), metrics: loadOf(queues.metrics) };
  const held = new HeldItems(config.ANALYTICS_MAX_UNANSWERED_MB * 2 ** 20);
  const answerMs = Math.min(ANSWER_MOST_MS, config.ANALYTICS_DEADLINE_MS / 2);
  // Each call opens anew after this failed: what was opened would pile up.
  const spooling = await openSpool({ config, redis, queues, check, answerMs, onError }).catch(async (error: unknown) => {
    await letGo();
    throw error;
  });
  const giveUp = new AbortController();
  const lane = { batchSize: config.ANALYTICS_BATCH_SIZE, deadlineMs: config.ANALYTICS_DEADLINE_MS, held };
  const sender = { redis, keyRing, spool: spooling, patienceMs: PATIENT_SHARE * config.ANALYTICS_DEADLINE_MS, signal: giveUp.signal, onError };

  const pauses = Object.fromEntries(
    Object.values(EventPriority).map((priority) => [
      priority,
      new QueuePace(loads.events, Math.min(PAUSE_MOST_MS[priority] ?? Infinity, config.ANALYTICS_PROCESSING_INTERVAL)),
    ]),
  ) as Record<EventPriority, QueuePace>; // one for each
  const events = new Producer<NormalizedEvent, EventPriority>({
    lanes: Object.values(EventPriority),
    lane: { ...lane, seriesOf: (event) => event.type, bytesOf: (event) => event.bytes },
    delayMs: (priority) => pauses[priority].delayMs(),
    refusal: (priority) => loads.events.refusal(priority) ?? held.refusal(),
    open: (priority) => new EventBatch(priority, Date.now()),
    send: (priority) =>
      createJobSender({ ...sender, queue: queues.events, load: loads.events, jobName: jobs.events.name, kind: 'events', priority: priorities[priority] }),
  });
  const metricPause = new QueuePace(loads.metrics, config.ANALYTICS_PROCESSING_INTERVAL);
  const metrics = new Producer<NormalizedMetric, 'metrics'>({
    lanes: ['metrics'],
    lane: { ...lane, seriesOf: (sample) => sample.name, bytesOf: sampleBytes },
    delayMs: () => metricPause.delayMs(),
    refusal: () => loads.metrics.refusal('metrics') ?? held.refusal(),
    open: () => new MetricBatch(Date.now()),
    send: () =>
      createJobSender({ ...sender, queue: queues.metrics, load: loads.metrics, jobName: jobs.metrics.name, kind: 'metrics', priority: METRIC_PRIORITY }),
  });
  const drainLanes = async (): Promise<void> => {
    await Promise.all([events.drain(), metrics.drain()]);
  };
  if (spooling === undefined || !spooling.spool.isAway) await Promise.all([loads.events.refresh(), loads.metrics.refresh()]);

  return {
    redis,
    keys,
    keyRing,
    queues,
    gate: new AccessGate(audit, onError),
    verifier: openVerifier,
    events,
    metrics,
    check,
    isDoubtful: (title) => loads[title].isDoubtful,
    refresh: (title) => loads[title].refresh(),
    hasSpool: spooling !== undefined,
    producerStats: () => ({
      unanswered: held.count,
      unansweredBytes: held.bytes,
      refused: events.refused + metrics.refused,
      spool: spooling?.spool.figures ?? null,
    }),
    async drain() {
      await drainLanes();
      await spooling?.spool.drain();
    },
    async close() {
      giveUp.abort();
      if (spooling !== undefined) {
        // What has no answer goes to disk now.
        await withDeadline(drainLanes(), ANSWER_MOST_MS, () => new Error('late')).catch(() => {});
        await spooling.spool.close();
      }
      await letGo();
    },
  };
}
