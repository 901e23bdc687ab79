/** Aggregations that are always there; `docs/aggregation.md` defines each. */
export const builtInAggregations = [
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'range',
  'first',
  'firstTime',
  'last',
  'lastTime',
  'variance',
  'stddev',
  'rate',
  'increase',
  'delta',
] as const;

export type BuiltInAggregation = (typeof builtInAggregations)[number];

/** A built-in one, a percentile such as `p95` or `p99.9`, or the number of different values of a tag: `distinct:endpoint`. */
export type AggregationName = BuiltInAggregation | `p${number}` | `distinct:${string}`;

/** What an aggregation's name asks for. */
export type Aggregation =
  | { readonly kind: 'builtIn'; readonly name: BuiltInAggregation }
  | { readonly kind: 'percentile'; readonly percent: number }
  | { readonly kind: 'distinct'; readonly tagKey: string };

const builtIn: ReadonlySet<string> = new Set(builtInAggregations);

/** @returns undefined for a name that is not one of the service's own */
export function parseAggregation(name: string): Aggregation | undefined {
  // The set has exactly these names.
  if (builtIn.has(name)) return { kind: 'builtIn', name: name as BuiltInAggregation };
  if (name.startsWith('distinct:')) return name.length > 'distinct:'.length ? { kind: 'distinct', tagKey: name.slice('distinct:'.length) } : undefined;
  const digits = /^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(name)?.[1];
  const percent = Number(digits);
  return digits !== undefined && percent <= 100 ? { kind: 'percentile', percent } : undefined;
}
