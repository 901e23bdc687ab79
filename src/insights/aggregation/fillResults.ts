export const fills = ['none', 'null', 'previous', 'zero', 'linear'] as const;

/** What stands for a bucket without samples. */
export type Fill = (typeof fills)[number];

/**
 * One aggregation's results with those of empty buckets filled. A count of an empty bucket is 0 whatever is asked for.
 *
 * @param results one for each bucket; null where there is none
 * @param counts samples in each bucket
 * @param starts when each bucket begins, ms
 */
export function fillResults(
  results: readonly (number | null)[],
  counts: Float64Array,
  starts: Float64Array,
  fill: Exclude<Fill, 'none'>,
): (number | null)[] {
  switch (fill) {
    case 'null':
      return [...results];
    case 'zero':
      return results.map((result, bucket) => (counts[bucket] === 0 ? 0 : result));
    case 'previous': {
      let previous: number | null = null;
      return results.map((result, bucket) => {
        if (counts[bucket] !== 0) previous = result;
        return previous;
      });
    }
    case 'linear':
      return interpolate(results, counts, starts);
  }
}

/** On the line between the nearest results at either side; null before the first and after the last. */
function interpolate(results: readonly (number | null)[], counts: Float64Array, starts: Float64Array): (number | null)[] {
  const filled = [...results];
  let before = -1;
  for (let bucket = 0; bucket < results.length; bucket += 1) {
    const value = results[bucket];
    if (counts[bucket] === 0 || value === null || value === undefined) continue;
    const base = before < 0 ? undefined : results[before];
    if (base !== undefined && base !== null) {
      for (let empty = before + 1; empty < bucket; empty += 1) {
        if (counts[empty] !== 0) continue;
        const share = (starts[empty]! - starts[before]!) / (starts[bucket]! - starts[before]!);
        filled[empty] = base * (1 - share) + value * share;
      }
    }
    before = bucket;
  }
  return filled;
}
