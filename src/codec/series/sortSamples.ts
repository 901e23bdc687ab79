/**
 * Brings samples into the order of (time, value), -0 before 0. Samples of one time come by value, since that order can be
 * found again whatever chunks they lay in and were merged into; two of one time and value cannot be told apart.
 *
 * @returns the arrays themselves where they are in order already
 */
export function sortSamples(times: Float64Array, values: Float64Array): readonly [times: Float64Array, values: Float64Array] {
  if (isSorted(times, values)) return [times, values];
  const places = Uint32Array.from(times, (_, place) => place);
  places.sort((one, other) => times[one]! - times[other]! || compareValues(values[one]!, values[other]!));
  const sorted = [new Float64Array(times.length), new Float64Array(times.length)] as const;
  for (let to = 0; to < places.length; to += 1) {
    sorted[0][to] = times[places[to]!]!;
    sorted[1][to] = values[places[to]!]!;
  }
  return sorted;
}

/** Below 0 where `one` comes first. */
function compareValues(one: number, other: number): number {
  if (one !== other) return one - other;
  if (one !== 0) return 0;
  return 1 / one - 1 / other || 0; // 1 / -0 is -Infinity; equal zeros give NaN
}

function isSorted(times: Float64Array, values: Float64Array): boolean {
  for (let place = 1; place < times.length; place += 1) {
    const step = times[place]! - times[place - 1]!;
    if (step < 0 || (step === 0 && compareValues(values[place - 1]!, values[place]!) > 0)) return false;
  }
  return true;
}
