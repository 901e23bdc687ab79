import type { EventKeys, Keys, MetricKeys } from '../redis/keys.js';
import { pipelineOf } from '../redis/pipelineOf.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { tierNames } from '../storage/metrics/tierNames.js';
import type { StoreFigures } from './storeFigures.js';

/** Fields of a hash in one step: about 0.2 ms of Redis. */
const STEP = 1000;
/** Fields that Redis looks at to estimate a key's bytes: 10 µs. */
const SAMPLES = 100;
/** Series looked at together. */
const AT_ONCE = 20;

/** What one event type or metric holds. */
interface Held {
  readonly rows: number;
  readonly overflow: number;
  readonly smallChunks: number;
  readonly mergedChunks: number;
  readonly bytes: number | null;
  readonly feedBytes: number | null;
}

export interface Survey {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly now: () => number;
  /** Asked between steps, so that an ending process does not wait for the rest. */
  readonly isEnding: () => boolean;
}

/**
 * Looks at what the store holds, in small steps: about 0.3 ms of Redis for each event type and metric.
 * @returns undefined when the process ends before that is done
 */
export async function surveyStore(survey: Survey): Promise<StoreFigures | undefined> {
  const { redis, keys } = survey;
  const types = await lookAtEach(survey, keys.eventCatalogue, async (type) => lookAtEvents(redis, keys.event(type)));
  const metrics = await lookAtEach(survey, keys.metricCatalogue, async (name) => lookAtMetric(redis, keys.metric(name)));
  if (survey.isEnding()) return undefined;
  return {
    at: survey.now(),
    events: { ...totalsOf(types), feedBytes: sum(types, ({ feedBytes }) => feedBytes) },
    metrics: { ...totalsOf(metrics), overflow: sum(metrics, ({ overflow }) => overflow) ?? 0 },
  };
}

async function lookAtEach(survey: Survey, catalogue: string, lookAt: (name: string) => Promise<Held>): Promise<Held[]> {
  const all: Held[] = [];
  let names: string[] = [];
  const lookAtNames = async (): Promise<void> => {
    if (!survey.isEnding()) all.push(...(await Promise.all(names.map(lookAt))));
    names = [];
  };
  for await (const name of fieldsOf(survey.redis, catalogue)) {
    names.push(name);
    if (names.length === AT_ONCE) await lookAtNames();
  }
  await lookAtNames();
  return all;
}

async function lookAtEvents(redis: RedisClient, series: EventKeys): Promise<Held> {
  const [counted, feedBytes] = await Promise.all([lookAtSeries(redis, series, []), bytesOf(redis, [series.feed])]);
  return { ...counted, feedBytes };
}

async function lookAtMetric(redis: RedisClient, series: MetricKeys): Promise<Held> {
  return lookAtSeries(redis, series, [series.tags, series.pastTags, ...Object.values(tierNames).map((tier) => series.tier(tier))]);
}

async function lookAtSeries(redis: RedisClient, series: EventKeys | MetricKeys, further: readonly string[]): Promise<Held> {
  const { chunks, time, dataKeys, counts, absorbed } = series;
  const [bytes, indexed, { rows, smallChunks, overflow }] = await Promise.all([
    bytesOf(redis, [chunks, time, dataKeys, counts, absorbed, ...further]),
    redis.zcard(time),
    readCounts(redis, counts),
  ]);
  return { rows, overflow, smallChunks, mergedChunks: Math.max(0, indexed - smallChunks), bytes, feedBytes: null };
}

/** Adds up the counts of all hours. */
async function readCounts(redis: RedisClient, key: string): Promise<Pick<Held, 'rows' | 'smallChunks' | 'overflow'>> {
  const counts = { rows: 0, smallChunks: 0, overflow: 0 };
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscan(key, cursor, 'COUNT', STEP);
    for (let place = 0; place < fields.length; place += 2) {
      const field = fields[place]!;
      const value = Number(fields[place + 1]);
      if (/^\d+$/.test(field)) counts.rows += value;
      else if (/^s\d+$/.test(field)) counts.smallChunks += value;
      else if (field === 'overflow') counts.overflow += value;
    }
    cursor = next;
  } while (cursor !== '0');
  return counts;
}

/** @returns null where Redis does not tell: some providers do not offer MEMORY */
async function bytesOf(redis: RedisClient, names: readonly string[]): Promise<number | null> {
  const pipeline = pipelineOf(redis);
  for (const name of names) pipeline.call('MEMORY', 'USAGE', name, 'SAMPLES', SAMPLES);
  let total = 0;
  for (const [error, bytes] of (await pipeline.exec()) ?? []) {
    if (error) return null;
    total += Number(bytes ?? 0); // null: there is no such key
  }
  return total;
}

/** The fields of a hash, of which there may be many. */
async function* fieldsOf(redis: RedisClient, key: string): AsyncGenerator<string> {
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscan(key, cursor, 'COUNT', STEP);
    for (let place = 0; place < fields.length; place += 2) yield fields[place]!;
    cursor = next;
  } while (cursor !== '0');
}

function totalsOf(all: readonly Held[]): Omit<StoreFigures['events'], 'feedBytes'> {
  return {
    series: all.length,
    rows: sum(all, ({ rows }) => rows) ?? 0,
    smallChunks: sum(all, ({ smallChunks }) => smallChunks) ?? 0,
    mergedChunks: sum(all, ({ mergedChunks }) => mergedChunks) ?? 0,
    bytes: sum(all, ({ bytes }) => bytes),
  };
}

/** @returns null where one of them is not known */
function sum(all: readonly Held[], value: (held: Held) => number | null): number | null {
  return all.reduce<number | null>((total, held) => {
    const one = value(held);
    return total === null || one === null ? null : total + one;
  }, 0);
}
