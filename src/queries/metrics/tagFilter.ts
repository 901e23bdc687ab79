import { z } from 'zod';

import { limits } from '../../contract/limits.js';
import { canonicalTags } from '../../producer/normalizeMetric.js';
import { isPlainObject, IssueList } from '../../producer/validateIssues.js';
import type { KnownSeries } from '../../storage/metrics/KnownSeries.js';
import type { MetricQueryContext } from './MetricQueryContext.js';
import { tagPattern } from './tagPattern.js';

const pattern = z.string().refine((text) => tagPattern(text) !== undefined);
const valueSchema = z.string().max(limits.tagValueLength);
const valuesSchema = z.array(valueSchema).max(limits.filterListLength);

const conditionsSchema = z.strictObject({
  /** Not this value; a series without the tag matches. */
  not: valueSchema.optional(),
  /** One of these values. */
  in: valuesSchema.optional(),
  /** None of these values; a series without the tag matches. */
  notIn: valuesSchema.optional(),
  /** Whether the series has the tag, with whatever value. */
  exists: z.boolean().optional(),
  /** A regular expression (RE2) that the whole value matches. */
  matches: pattern.optional(),
  /** A regular expression (RE2) that the whole value does not match; a series without the tag matches. */
  notMatches: pattern.optional(),
});

/** What `tags` of a query of metrics takes: tag → its value, or conditions that all hold. A tag that is undefined is not looked at. */
export type TagFilter = Readonly<Record<string, string | z.input<typeof conditionsSchema> | undefined>>;

export const tagFilterSchema = z
  // A record would pass over `__proto__`, and so widen what was asked for.
  .custom<TagFilter>((value) => typeof value === 'object' && value !== null && isPlainObject(value) && areKeys(Object.keys(value)))
  .pipe(z.record(z.string(), z.union([z.string(), conditionsSchema]).optional()));

export const TAG_FILTER_ALLOWED =
  `a plain object of at most ${limits.tags}: tag → a string, or conditions of not, in, notIn (at most ${limits.filterListLength}), exists, matches, ` +
  `notMatches (regular expressions of RE2, at most ${limits.tagPatternLength} characters)`;

function areKeys(keys: readonly string[]): boolean {
  return keys.length <= limits.tags && !keys.includes('__proto__');
}

/** Whether a series passes a filter. */
export type SeriesTest = (series: KnownSeries) => boolean;

/**
 * What a filter asks of a series. Equality and `in` compare keyed hashes; the rest opens the tags of each series once.
 * What is compared passes the guard first, as it did when it was stored; patterns are compared with what was stored.
 *
 * @param filter as `tagFilterSchema` gives it
 * @throws ValidationError for tags that cannot be stored, and so cannot be asked for
 */
export function compileTagFilter(name: string, filter: z.output<typeof tagFilterSchema>, context: Pick<MetricQueryContext, 'guard' | 'secrets'>): SeriesTest[] {
  const issues = new IssueList();
  const stored = (tags: Readonly<Record<string, string>>) => canonicalTags(tags, context.guard, issues);
  /** Hashes of the tag with each of these values; none of those that the guard does not let through. */
  const hashes = (key: string, values: readonly string[]): Buffer[] =>
    values.flatMap((value) => stored({ [key]: value }).map(([storedKey, storedValue]) => context.secrets.fingerprints.tag(name, storedKey, storedValue)));

  const equal = Object.fromEntries(Object.entries(filter).flatMap(([key, wanted]) => (typeof wanted === 'string' ? [[key, wanted]] : [])));
  const wantedTags = stored(equal);
  const tests: SeriesTest[] = wantedTags.map(([key, value]) => {
    const hash = [context.secrets.fingerprints.tag(name, key, value)];
    return (series) => series.hasAny(hash);
  });
  // The guard drops some tags when samples are sent, so none is stored with them.
  if (wantedTags.length < Object.keys(equal).length) tests.push(() => false);

  for (const [key, conditions] of Object.entries(filter)) {
    if (typeof conditions !== 'object') continue;
    const { not, in: among, notIn, exists, matches, notMatches } = conditions;
    const valueOf = valueReader(stored({ [key]: '' })[0]?.[0]);
    const add = <Given>(given: Given | undefined, test: (given: Given) => SeriesTest): void => {
      if (given !== undefined) tests.push(test(given));
    };
    add(among, (values) => has(hashes(key, values)));
    add(notIn, (values) => negate(has(hashes(key, values))));
    add(not, (value) => negate(has(hashes(key, [value]))));
    add(exists, (wanted) => (series) => (valueOf(series) !== undefined) === wanted);
    add(matches, (text) => hasMatch(valueOf, text));
    add(notMatches, (text) => negate(hasMatch(valueOf, text)));
  }
  issues.throwIfAny('query of metrics');
  return tests;
}

function valueReader(key: string | undefined): (series: KnownSeries) => string | undefined {
  if (key === undefined) return () => undefined;
  return ({ tags }) => (Object.hasOwn(tags, key) ? tags[key] : undefined);
}

function has(hashes: readonly Buffer[]): SeriesTest {
  return (series) => series.hasAny(hashes);
}

function hasMatch(valueOf: (series: KnownSeries) => string | undefined, text: string): SeriesTest {
  const test = tagPattern(text)!; // the schema compiled it
  return (series) => {
    const value = valueOf(series);
    return value !== undefined && test(value);
  };
}

function negate(test: SeriesTest): SeriesTest {
  return (series) => !test(series);
}
