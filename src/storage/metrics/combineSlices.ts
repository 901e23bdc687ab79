import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';
import { sortSamples } from '../../codec/series/sortSamples.js';

/**
 * One entry for each series, in the order of (time, value), whatever chunks its samples lie in. A series of one slice is
 * taken as it is: in a merged hour nothing is copied.
 */
export function combineSlices(slices: Iterable<SeriesSamples>): Map<string, SeriesSamples> {
  const parts = new Map<string, SeriesSamples[]>();
  for (const slice of slices) {
    const others = parts.get(slice.seriesId);
    if (others === undefined) parts.set(slice.seriesId, [slice]);
    else others.push(slice);
  }
  return new Map(Array.from(parts, ([seriesId, list]) => [seriesId, list.length === 1 ? list[0]! : join(seriesId, list)]));
}

function join(seriesId: string, parts: readonly SeriesSamples[]): SeriesSamples {
  const count = parts.reduce((sum, { times }) => sum + times.length, 0);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    times.set(part.times, at);
    values.set(part.values, at);
    at += part.times.length;
  }
  const [sortedTimes, sortedValues] = sortSamples(times, values);
  return { seriesId, times: sortedTimes, values: sortedValues };
}
