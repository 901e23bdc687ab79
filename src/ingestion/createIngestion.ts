import type { BatchResult } from '../../queues/jobs.js';
import type { Config } from '../config/parseConfig.js';
import { retentionOf, type RetentionConfig } from '../config/retention.js';
import { limits } from '../contract/limits.js';
import { KeyError } from '../errors/KeyError.js';
import type { Keys } from '../redis/keys.js';
import { onLoss, type RedisClient } from '../redis/RedisClient.js';
import { replicaWaitsOf, type ReplicaWaits } from '../redis/ReplicaWaits.js';
import type { KeyRing } from '../security/KeyRing.js';
import { storeCanary } from '../monitoring/canary/storeCanary.js';
import { CountedUsers } from '../storage/CountedUsers.js';
import { Erasures } from '../storage/Erasures.js';
import { EventStore } from '../storage/EventStore.js';
import { MetricStore } from '../storage/MetricStore.js';
import { ingestEvents } from './ingestEvents.js';
import { ingestMetrics, type IngestMetricsContext } from './ingestMetrics.js';

/** What is done with a job's data, wherever the job runs: in a child, in the application, or in a test. */
export interface Ingestion {
  readonly events: (jobId: string, data: unknown) => Promise<BatchResult>;
  readonly metrics: (jobId: string, data: unknown) => Promise<BatchResult>;
}

export interface IngestionOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  /** Days that events of a type are kept. */
  readonly retentionDays: (type: string) => number;
  /** Days that samples are kept. */
  readonly metricRetentionDays: number;
  /** Series that one metric may have. */
  readonly seriesLimit: number;
  readonly onOverflow?: IngestMetricsContext['onOverflow'];
  readonly now?: () => number;
  /** With it, a job ends when a replica has what was stored too. */
  readonly replicas?: ReplicaWaits | undefined;
}

const DAY_MS = 86_400_000;
/**
 * The producer, by its own clock, lets no event pass that lies more than `limits.aheadMs` ahead. Clean-up remembers ids
 * for so much longer than events; see `removeSeenMarks`.
 */
const CLOCKS_DIFFER_MS = DAY_MS;

/** The ingestion that keeps what the configuration says. */
export function configuredIngestion(
  config: RetentionConfig & Pick<Config, 'ANALYTICS_SERIES_LIMIT' | 'ANALYTICS_DURABILITY'>,
  parts: Pick<IngestionOptions, 'redis' | 'keys' | 'keyRing' | 'onOverflow'>,
): Ingestion {
  return createIngestion({
    ...parts,
    retentionDays: retentionOf(config),
    metricRetentionDays: config.ANALYTICS_RETENTION_DAYS,
    seriesLimit: config.ANALYTICS_SERIES_LIMIT,
    replicas: replicaWaitsOf(config, parts.redis),
  });
}

/** @throws KeyError `KEY_UNAVAILABLE` when the keys cannot open anything */
export function createIngestion(options: IngestionOptions): Ingestion {
  const { redis, keys, keyRing, retentionDays, metricRetentionDays, seriesLimit, onOverflow, now = Date.now, replicas } = options;
  if (keyRing.reading === undefined) {
    throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot process. Set ANALYTICS_ENCRYPTION_KEY.');
  }
  const { dataKeys } = keyRing.reading;
  const counted = new CountedUsers();
  onLoss(redis, () => counted.forget());
  const eventStore = new EventStore(redis, keys, keyRing.reading, replicas, counted);
  const erasures = new Erasures(redis, keys, keyRing.reading.fingerprints);
  const metricStore = new MetricStore(redis, keys, keyRing.reading, { seriesLimit, now, replicas });
  return {
    events: (jobId, data) =>
      ingestEvents(jobId, data, {
        store: eventStore,
        erasures,
        keyRing,
        now,
        oldestKept: (type) => now() - retentionDays(type) * DAY_MS,
        newestTaken: () => now() + limits.aheadMs + CLOCKS_DIFFER_MS,
        storeCanary: (id, part, takenAt) => storeCanary(id, part, takenAt, { redis, keys, dataKeys, store: eventStore }),
      }),
    metrics: (jobId, data) =>
      ingestMetrics(jobId, data, { store: metricStore, erasures, keyRing, oldestKept: now() - metricRetentionDays * DAY_MS, onOverflow }),
  };
}
