import { z } from 'zod';

import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import type { Metric } from '../../contract/metric.js';
import { combineSlices } from '../../storage/metrics/combineSlices.js';
import { parseOptions } from '../parseOptions.js';
import { mergeByTime } from './mergeByTime.js';
import type { MetricQueryContext } from './MetricQueryContext.js';
import { keepToTags, shownTags } from './MetricView.js';
import { selectSeries } from './selectSeries.js';
import { TAG_FILTER_ALLOWED, tagFilterSchema } from './tagFilter.js';

export const getMetricsOptionsSchema = z.strictObject({
  name: textSchema(limits.metricNameLength),
  /** ms since 1970, included. Default: from the oldest that is kept. */
  startTime: z.number().optional(),
  /** ms since 1970, included. Default: to the newest. */
  endTime: z.number().optional(),
  /** Only samples of series that pass this filter. Default: all. */
  tags: tagFilterSchema.optional(),
  /** Samples to return, from the oldest. Default: all. */
  limit: z.int().min(1).optional(),
});

const ALLOWED = {
  name: `a string of 1 to ${limits.metricNameLength} characters, well-formed Unicode`,
  startTime: 'milliseconds since 1970 (a finite number)',
  endTime: 'milliseconds since 1970 (a finite number)',
  tags: TAG_FILTER_ALLOWED,
  limit: 'a whole number from 1',
};

/** What `getMetrics` takes. */
export type GetMetricsOptions = z.input<typeof getMetricsOptionsSchema>;

/**
 * Samples of one metric, oldest first; those of one time by series, and those of one series and time by value, so that they
 * come in the same order however often they are asked for and whatever is merged.
 *
 * @throws ValidationError with every bad option; KeyError when a chunk does not open; whatever Redis answers otherwise
 */
export async function getMetrics(options: GetMetricsOptions, context: MetricQueryContext): Promise<Metric[]> {
  const { name, startTime, endTime, tags, limit = Infinity } = parseOptions('query of metrics', getMetricsOptionsSchema, options, ALLOWED);
  keepToTags(context.view, Object.keys(tags ?? {}));
  const { keyName, series, tagsOf } = await selectSeries(name, tags, context);
  const lower = Math.max(startTime ?? -Infinity, context.oldestKept());
  const upper = endTime ?? Infinity;
  if (lower > upper || series?.size === 0) return [];

  const samples: Metric[] = [];
  for await (const { slices } of context.reader.hours(keyName, { lower, upper, series })) {
    const combined = combineSlices(slices);
    const known = await tagsOf(combined.keys());
    const shown = new Map([...known].map(([id, ofSeries]) => [id, shownTags(context.view, ofSeries)]));
    const told = [...combined.values()].filter(({ seriesId }) => known.has(seriesId));
    for (const { seriesId, time, value } of mergeByTime(told)) {
      if (samples.length >= limit) return samples;
      samples.push({ name, value, tags: shown.get(seriesId)!, timestamp: time }); // only these were merged
    }
  }
  return samples;
}
