import { createRandom, type Random } from './events.js';

/** A sample as `trackMetric` takes it. */
export interface MetricSample {
  readonly name: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

export const METRIC_NAME = 'api_response_time';
export const SERIES = 100;
/** Each series has a sample every ten seconds: 10,000 of each, which are a million, are 28 hours. */
const EVERY_MS = 10_000;
/** Samples come up to 50 ms late: real times are not on a grid. */
const JITTER_MS = 50;
const DAY_MS = 86_400_000;
const GOLDEN = 0x9e3779b1;

const endpoints = ['session', 'plan', 'journal', 'mood', 'profile', 'library', 'search', 'message', 'reminder', 'report'];

/** Series of one metric: ten endpoints on ten hosts. */
const seriesTags = Array.from({ length: SERIES }, (_, series) =>
  Object.freeze({ endpoint: `/api/therapy/${endpoints[series % 10]}`, host: `web-${Math.floor(series / 10)}`, method: series % 3 === 0 ? 'POST' : 'GET' }),
);

/**
 * The sample at a place of a history that ends at `endMs`: response times in whole milliseconds, log-normal about a level
 * that differs by series and moves with the hour of the day. One round of all series after the other, as they happen.
 *
 * @param place 0 is the first of the newest round, -SERIES the first of the one before it
 */
export function metricSample(place: number, endMs: number): MetricSample {
  const round = Math.floor(place / SERIES);
  const series = place - round * SERIES;
  const random = createRandom(Math.imul(place ^ 0x5bd1e995, GOLDEN));
  const timestamp = endMs + round * EVERY_MS + Math.floor(random() * JITTER_MS);
  const level = (40 + 3 * series) * (1 + 0.3 * Math.sin((2 * Math.PI * timestamp) / DAY_MS));
  const value = Math.round(level * Math.exp(0.35 * normal(random)));
  return { name: METRIC_NAME, value, tags: seriesTags[series]!, timestamp };
}

/** Box and Muller's: normally distributed, mean 0, deviation 1. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
