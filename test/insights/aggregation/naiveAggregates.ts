import { exactSum, exactSumOfDifferences } from './exactSum.js';

export interface NaiveSample {
  readonly time: number;
  readonly value: number;
}

/** Samples of one series, in any order. */
export interface NaiveSeries {
  readonly tags: Readonly<Record<string, string>>;
  readonly samples: readonly NaiveSample[];
}

export interface NaiveRange {
  /** The bucket, its end left out. */
  readonly from: number;
  readonly to: number;
  /** The query's range, both ends included. */
  readonly lower: number;
  readonly upper: number;
}

/** What the documentation says of each aggregation, word by word, for one bucket of a group of series. */
export function naiveAggregate(name: string, series: readonly NaiveSeries[], { from, to, lower, upper }: NaiveRange): number | null {
  const isIn = ({ time }: NaiveSample): boolean => time >= from && time < to && time >= lower && time <= upper;
  if (!series.some(({ samples }) => samples.some(isIn))) return null;
  const ordered = series.map(({ tags, samples }) => ({ tags, samples: samples.filter(({ time }) => time >= lower && time <= upper).sort(inOrder) }));
  const inside = ordered.map(({ tags, samples }) => ({ tags, samples: samples.filter(isIn) })).filter(({ samples }) => samples.length > 0);
  const all = inside.flatMap(({ samples }) => samples).sort(inOrder);
  const values = all.map(({ value }) => value);
  const increase = (): number =>
    exactSumOfDifferences(
      ordered.flatMap(({ samples }) =>
        samples.flatMap((sample, place): [number, number][] => {
          const before = samples[place - 1]?.value;
          if (before === undefined || !isIn(sample)) return [];
          if (sample.value >= before) return [[sample.value, before]];
          return sample.value > 0 ? [[sample.value, 0]] : [];
        }),
      ),
    );
  const variance = (): number => {
    const mean = exactSum(values) / values.length;
    return exactSum(values.map((value) => (value - mean) ** 2)) / values.length;
  };
  const sorted = values.toSorted((one, other) => one - other);
  if (name.startsWith('distinct:')) {
    const key = name.slice('distinct:'.length);
    return new Set(inside.flatMap(({ tags }) => (Object.hasOwn(tags, key) ? [tags[key]] : []))).size;
  }
  if (/^p\d/.test(name)) return sorted[Math.floor((Number(name.slice(1)) * (sorted.length - 1)) / 100)]!;
  switch (name) {
    case 'count':
      return all.length;
    case 'sum':
      return exactSum(values);
    case 'avg':
      return exactSum(values) / all.length;
    case 'min':
      return Math.min(...values);
    case 'max':
      return Math.max(...values);
    case 'range':
      return Math.max(...values) - Math.min(...values);
    case 'first':
      return all[0]!.value;
    case 'firstTime':
      return all[0]!.time;
    case 'last':
      return all.at(-1)!.value;
    case 'lastTime':
      return all.at(-1)!.time;
    case 'variance':
      return variance();
    case 'stddev':
      return Math.sqrt(variance());
    case 'increase':
      return increase();
    case 'delta':
      return exactSumOfDifferences(inside.map(({ samples }) => [samples.at(-1)!.value, samples[0]!.value]));
    case 'rate':
      return (increase() / (Math.min(to, upper + 1) - Math.max(from, lower))) * 1000;
    default:
      throw new Error(`no model of ${name}`);
  }
}

function inOrder(one: NaiveSample, other: NaiveSample): number {
  return one.time - other.time || one.value - other.value || Number(Object.is(other.value, -0)) - Number(Object.is(one.value, -0));
}

/** Aggregations that come out to the last bit, whatever the way. */
export const EXACT = ['count', 'min', 'max', 'range', 'first', 'firstTime', 'last', 'lastTime', 'sum', 'avg', 'increase', 'delta', 'rate', 'distinct:a'] as const;
export const PERCENTILES = ['p0', 'p50', 'p95', 'p99.9', 'p100'] as const;
export const SPREADS = ['variance', 'stddev'] as const;

/** Whether an answer is the model's, within what is stated of the aggregation; 0 and -0 are one sum. */
export function agree(name: string, found: number | null, expected: number | null): boolean {
  if (found === null || expected === null) return found === expected;
  if ((PERCENTILES as readonly string[]).includes(name)) return Math.abs(found - expected) <= Math.abs(expected) * 0.01;
  if ((SPREADS as readonly string[]).includes(name)) return Math.abs(found - expected) <= 1e-9 * Math.max(expected, 1);
  return found === expected;
}
