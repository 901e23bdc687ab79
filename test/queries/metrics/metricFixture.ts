import { randomBytes } from 'node:crypto';

import type { Redis } from 'ioredis';

import { jobs } from '../../../queues/jobs.js';
import type { Metric } from '../../../src/contract/metric.js';
import { ingestMetrics } from '../../../src/ingestion/ingestMetrics.js';
import { MetricBatch } from '../../../src/producer/MetricBatch.js';
import { normalizeMetric } from '../../../src/producer/normalizeMetric.js';
import { createAggregations } from '../../../src/insights/aggregation/aggregations.js';
import type { AggregateMetricsOptions } from '../../../src/queries/metrics/aggregateOptions.js';
import { createMetricQueries, type MetricQueries } from '../../../src/queries/metrics/createMetricQueries.js';
import type { GetMetricsOptions } from '../../../src/queries/metrics/getMetrics.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';
import { keyRingFromMaster, type KeyRing } from '../../../src/security/KeyRing.js';
import { offGuard } from '../../../src/security/guard/offGuard.js';
import { Erasures } from '../../../src/storage/Erasures.js';
import { MetricNames } from '../../../src/storage/metrics/MetricNames.js';
import { MetricReader } from '../../../src/storage/metrics/MetricReader.js';
import { SeriesCatalogue } from '../../../src/storage/metrics/SeriesCatalogue.js';
import { MetricStore } from '../../../src/storage/MetricStore.js';

export interface MetricFixtureOptions {
  readonly cacheBytes?: number;
  readonly seriesLimit?: number;
  /** Default: one of its own. */
  readonly keyRing?: KeyRing;
  /** Default: one of its own. */
  readonly prefix?: string;
}

/** The store of metrics with the code that writes and reads it, in one process and without a queue. */
export async function createMetricFixture(url: string, { cacheBytes, seriesLimit = 10_000, keyRing: given, prefix = `m${randomBytes(6).toString('hex')}:` }: MetricFixtureOptions = {}) {
  const keyRing = given ?? (await keyRingFromMaster(randomBytes(32)));
  await keyRing.transport.prepare();
  const secrets = keyRing.reading!;
  const redis = connect(url, 'patient', 'test', () => undefined);
  const keys = createKeys(prefix);
  const oldest = { kept: -Infinity };
  const makeReaders = () => ({ reader: new MetricReader({ redis, keys, secrets, cacheBytes }), catalogue: new SeriesCatalogue(redis, keys, secrets), names: new MetricNames(redis, keys, secrets) });
  let readers = makeReaders();
  const aggregations = createAggregations();
  const queries = (): MetricQueries => createMetricQueries({ ...readers, secrets, guard: offGuard, aggregations, oldestKept: () => oldest.kept });
  return {
    redis,
    keys,
    secrets,
    oldest,
    aggregations,
    get reader(): MetricReader {
      return readers.reader;
    },
    get catalogue(): SeriesCatalogue {
      return readers.catalogue;
    },
    get names(): MetricNames {
      return readers.names;
    },
    /** Goes on with readers that have nothing in memory. */
    forget(): void {
      readers = makeReaders();
    },
    /** A batch as the producer makes it. */
    batch(samples: readonly Partial<Metric>[]) {
      const batch = new MetricBatch(Date.now());
      for (const sample of samples) batch.add(normalizeMetric(sample, { guard: offGuard, now: Number.MAX_SAFE_INTEGER }));
      const sealed = keyRing.transport.seal(batch.id, 'metrics', batch.count, batch.encode());
      const payload = jobs.metrics.payload.parse({
        v: 1,
        to: keyRing.publicId,
        key: sealed.sealedKey.toString('base64'),
        n: batch.count,
        c: sealed.ciphertext.toString('base64'),
      });
      return { id: batch.id, payload };
    },
    /** What the processor does with a job. `through` is the connection that it writes with. */
    run: async (job: { id: string; payload: unknown }, { through = redis, oldestKept = -Infinity, onOverflow }: RunOptions = {}) =>
      ingestMetrics(job.id, job.payload, { store: new MetricStore(through, keys, secrets, { seriesLimit }), erasures: new Erasures(redis, keys, secrets.fingerprints), keyRing, oldestKept, onOverflow }),
    get: async (options: GetMetricsOptions) => queries().getMetrics(options),
    get queries(): MetricQueries {
      return queries();
    },
    aggregate: async <const Name extends string>(options: AggregateMetricsOptions<Name>) => queries().aggregateMetrics(options),
  };
}

export interface RunOptions {
  readonly through?: Redis;
  readonly oldestKept?: number;
  readonly onOverflow?: (keyName: string, samples: number) => void;
}
