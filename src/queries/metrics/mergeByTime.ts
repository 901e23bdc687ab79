import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';

export interface TimedSample {
  readonly seriesId: string;
  readonly time: number;
  readonly value: number;
}

/** The samples of several series in the order of (time, series), those of one series and time in their own: by value. */
export function* mergeByTime(series: readonly SeriesSamples[]): Generator<TimedSample> {
  const inOrder = series.toSorted((one, other) => (one.seriesId < other.seriesId ? -1 : 1));
  const starts: number[] = [];
  let count = 0;
  for (const { times } of inOrder) {
    starts.push(count);
    count += times.length;
  }
  const times = new Float64Array(count);
  for (const [place, one] of inOrder.entries()) times.set(one.times, starts[place]);
  // A stable order of all: samples of one time stay in the order of series. One series needs none.
  const order = Uint32Array.from(times, (_, place) => place);
  if (inOrder.length > 1) order.sort((one, other) => times[one]! - times[other]! || one - other);
  for (const place of order) {
    const at = seriesAt(starts, place);
    const { seriesId, values } = inOrder[at]!;
    yield { seriesId, time: times[place]!, value: values[place - starts[at]!]! };
  }
}

/** The last series that begins at `place` or before. */
function seriesAt(starts: readonly number[], place: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
