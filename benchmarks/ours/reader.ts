/** A process that asks the service, as an application would. */
import { AnalyticsService, EventType } from '../../src/index.js';
import { configOf } from '../../src/lib/services/analytics/options.js';
import { mergeAll } from '../../src/merging/mergeAll.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { METRIC_NAME } from '../data/metricSample.js';
import { TIMELINE_TYPE } from '../data/timeline.js';
import { serveReader, type Question, type Reader, type ReaderCommands } from '../support/reader.js';

const DEADLINE_MS = 300_000;
/** Nothing is stored under it. */
const EMPTY_TYPE = EventType.CUSTOM;

export type OursReaderCommands = ReaderCommands & {
  /** Merges what can be merged, and removes what was replaced: the store as it is a while later. @returns ms of the merge */
  merge(input: undefined): Promise<number>;
};

async function open(): Promise<Reader> {
  const service = new AnalyticsService({ deadlineMs: DEADLINE_MS });
  // Connects and reads its keys: no part of what a query costs.
  await service.getEvents({ type: EMPTY_TYPE, limit: 1 });
  return {
    answer: (question) => answer(service, question),
    close: async () => void (await service.close()),
  };
}

async function answer(service: AnalyticsService, question: Question): Promise<unknown> {
  switch (question.kind) {
    case 'newest':
      return service.getEvents({ type: TIMELINE_TYPE, limit: question.limit });
    case 'page':
      return service.getEvents({ type: TIMELINE_TYPE, limit: question.limit, offset: question.offset });
    case 'count':
      return service.countEvents({ type: TIMELINE_TYPE, where: { field: 'properties.page', eq: question.page } });
    case 'mean':
      return means(service, question);
  }
}

async function means(
  service: AnalyticsService,
  { startTime, endTime, intervalMs }: Extract<Question, { kind: 'mean' }>,
): Promise<(number | null)[]> {
  const { series } = await service.aggregateMetrics({
    name: METRIC_NAME,
    startTime,
    endTime: endTime - 1, // both ends are included
    interval: intervalMs,
    aggregations: ['avg'],
  });
  return series.flatMap(({ points }) => points.map(({ avg }) => avg));
}

serveReader(open, {
  async merge() {
    const startedAt = performance.now();
    const service = new AnalyticsService();
    await service.merge();
    await service.close();
    const took = performance.now() - startedAt;
    await removeReplaced();
    return took;
  },
});

/** What a merge replaced stays readable for ten minutes. */
async function removeReplaced(): Promise<void> {
  const config = configOf({});
  const keyRing = await loadKeyRing(config);
  const redis = connect(config.REDIS_URL, 'patient', 'benchmark', () => undefined);
  await mergeAll({ redis, keys: createKeys(config.REDIS_PREFIX), secrets: keyRing.reading }, { graceMs: 0 });
  redis.disconnect();
}
