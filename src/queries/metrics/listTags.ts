import { z } from 'zod';

import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import { canonicalTags } from '../../producer/normalizeMetric.js';
import { IssueList } from '../../producer/validateIssues.js';
import { Breath } from '../../storage/Breath.js';
import type { KnownSeries } from '../../storage/metrics/KnownSeries.js';
import { metricKeyName } from '../../storage/metricKeyName.js';
import { parseOptions } from '../parseOptions.js';
import type { MetricQueryContext } from './MetricQueryContext.js';
import { keepToTags, shownTags } from './MetricView.js';
import { DEFAULT_PAGE, PAGE_ALLOWED, pageShape } from './page.js';
import { compileTagFilter, TAG_FILTER_ALLOWED, tagFilterSchema } from './tagFilter.js';

const name = textSchema(limits.metricNameLength);
export const listTagsOptionsSchema = z.strictObject({ name, ...pageShape });
export const listTagValuesOptionsSchema = z.strictObject({
  name,
  /** The tag whose values are listed. */
  key: textSchema(limits.tagKeyLength),
  /** Only values of series that pass this filter. Default: all. */
  tags: tagFilterSchema.optional(),
  ...pageShape,
});

const TAGS_ALLOWED = { name: `a string of 1 to ${limits.metricNameLength} characters, well-formed Unicode`, ...PAGE_ALLOWED };
const VALUES_ALLOWED = {
  ...TAGS_ALLOWED,
  key: `a string of 1 to ${limits.tagKeyLength} characters, well-formed Unicode`,
  tags: TAG_FILTER_ALLOWED,
};

/** What `listTags` takes. */
export type ListTagsOptions = z.input<typeof listTagsOptionsSchema>;
/** What `listTagValues` takes. */
export type ListTagValuesOptions = z.input<typeof listTagValuesOptionsSchema>;

/**
 * The tags that the series of a metric have, in UTF-16 order.
 * @throws ValidationError with every bad option; KeyError when tags do not open; whatever Redis answers otherwise
 */
export async function listTags(options: ListTagsOptions, context: MetricQueryContext): Promise<string[]> {
  const { name, ...page } = parseOptions('list of tags', listTagsOptionsSchema, options, TAGS_ALLOWED);
  return listOf(name, page, context, (series) => Object.keys(shownTags(context.view, series.tags)));
}

/**
 * The values that a tag has among the series of a metric, in UTF-16 order.
 * @throws as `listTags` does
 */
export async function listTagValues(options: ListTagValuesOptions, context: MetricQueryContext): Promise<string[]> {
  const { name, key, tags, ...page } = parseOptions('list of tag values', listTagValuesOptionsSchema, options, VALUES_ALLOWED);
  keepToTags(context.view, [key, ...Object.keys(tags ?? {})]);
  const tests = compileTagFilter(name, tags ?? {}, context);
  const issues = new IssueList();
  // The guard may have given it another name, or dropped it.
  const storedKey = canonicalTags({ [key]: '' }, context.guard, issues)[0]?.[0];
  issues.throwIfAny('list of tag values');
  return listOf(name, page, context, (series) => {
    if (storedKey === undefined || !Object.hasOwn(series.tags, storedKey) || !tests.every((test) => test(series))) return [];
    return [series.tags[storedKey]!]; // it has it
  });
}

async function listOf(
  name: string,
  { after, limit = DEFAULT_PAGE }: { readonly after?: string | undefined; readonly limit?: number | undefined },
  { catalogue, secrets }: MetricQueryContext,
  itemsOf: (series: KnownSeries) => readonly string[],
): Promise<string[]> {
  const breath = new Breath();
  const items = new Set<string>();
  for (const series of (await catalogue.all(metricKeyName(name, secrets.fingerprints))).values()) {
    for (const item of itemsOf(series)) if (after === undefined || item > after) items.add(item);
    await breath.take();
  }
  return [...items].sort((one, other) => (one < other ? -1 : 1)).slice(0, limit);
}
