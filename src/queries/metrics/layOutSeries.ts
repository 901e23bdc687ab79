import type { WantedAggregation } from '../../insights/aggregation/AggregationCells.js';
import type { Guard } from '../../security/guard/Guard.js';
import type { KnownSeries } from '../../storage/metrics/KnownSeries.js';
import type { NamedAggregation } from './aggregateOptions.js';

/** The series of a query by number, and the groups that they belong to. */
export interface SeriesLayout {
  /** Series id → its number. */
  readonly numberOf: ReadonlyMap<string, number>;
  /** By series: its group. */
  readonly groupOf: Int32Array;
  /** By group: the tags that make it one. */
  readonly groups: readonly Readonly<Record<string, string>>[];
  readonly wanted: readonly WantedAggregation[];
}

export interface LayoutRequest {
  readonly groupBy: readonly string[];
  readonly aggregations: readonly NamedAggregation[];
}

/** Groups series by the values of tags. Tags are opened only where something asks for them. */
export function layOutSeries(series: readonly KnownSeries[], { groupBy, aggregations }: LayoutRequest, guard: Guard): SeriesLayout {
  const readers = groupBy.map((key) => ({ key, valueOf: tagReader(key, guard) }));
  const groups: Record<string, string>[] = [];
  const known = new Map<string, number>();
  const groupOf = Int32Array.from(series, (one) => {
    const tags = Object.fromEntries(readers.flatMap(({ key, valueOf }) => [valueOf(one)].flatMap((value) => (value === undefined ? [] : [[key, value]]))));
    const name = JSON.stringify(groupBy.map((key) => (Object.hasOwn(tags, key) ? tags[key] : null)));
    const number = known.get(name) ?? groups.length;
    if (number === groups.length) groups.push(tags);
    known.set(name, number);
    return number;
  });
  return {
    numberOf: new Map(series.map(({ id }, number) => [id, number])),
    groupOf,
    groups,
    wanted: aggregations.map(({ name, of }): WantedAggregation => {
      if (of.kind === 'distinct') return { name, of: { ...of, valueOf: numberValues(series, tagReader(of.tagKey, guard)) } };
      return { name, of };
    }),
  };
}

type TagReader = (series: KnownSeries) => string | undefined;

/** Reads a tag under the key that it was stored under: the guard may have masked it. */
function tagReader(key: string, guard: Guard): TagReader {
  const verdict = guard.rule(key).key;
  const storedKey = verdict ?? key;
  if (typeof storedKey !== 'string') return () => undefined;
  return ({ tags }) => (Object.hasOwn(tags, storedKey) ? tags[storedKey] : undefined);
}

/** By series: the number of its value; -1 where it has none. */
function numberValues(series: readonly KnownSeries[], valueOf: TagReader): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(series, (one) => {
    const value = valueOf(one);
    if (value === undefined) return -1;
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  });
}
