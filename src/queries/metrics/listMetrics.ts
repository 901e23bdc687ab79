import { z } from 'zod';

import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import { parseOptions } from '../parseOptions.js';
import type { MetricQueryContext } from './MetricQueryContext.js';
import { DEFAULT_PAGE, PAGE_ALLOWED, pageShape } from './page.js';

export const listMetricsOptionsSchema = z.strictObject({
  /** Only metrics whose names begin with it. Default: all. */
  prefix: textSchema(limits.metricNameLength, 0).optional(),
  ...pageShape,
});

const ALLOWED = { prefix: `a string of at most ${limits.metricNameLength} characters, well-formed Unicode`, ...PAGE_ALLOWED };

/** What `listMetrics` takes. */
export type ListMetricsOptions = z.input<typeof listMetricsOptionsSchema>;

/** One metric of a list. */
export interface MetricInfo {
  readonly name: string;
  /** Different sets of tags that samples are kept of. */
  readonly series: number;
  /** Time of the latest sample, ms since 1970; null where none is kept and only rollups are left. */
  readonly latest: number | null;
  /** Samples that were not stored because the metric had as many series as it may. */
  readonly overflow: number;
}

/**
 * The metrics that samples or rollups are kept of, by name (in UTF-16 order).
 * @throws ValidationError with every bad option; KeyError when a name does not open; whatever Redis answers otherwise
 */
export async function listMetrics(options: ListMetricsOptions, { names, oldestKept }: MetricQueryContext): Promise<MetricInfo[]> {
  const { prefix = '', after, limit = DEFAULT_PAGE } = parseOptions('list of metrics', listMetricsOptionsSchema, options, ALLOWED);
  const listed = (await names.all()).filter(({ name }) => name.startsWith(prefix) && (after === undefined || name > after)).slice(0, limit);
  const figures = await names.figures(listed.map(({ keyName }) => keyName));
  return listed.map(({ name }, place) => {
    const { series, latest = -Infinity, overflow } = figures[place]!; // one for each
    return { name, series, latest: latest >= oldestKept() && latest > -Infinity ? latest : null, overflow };
  });
}
