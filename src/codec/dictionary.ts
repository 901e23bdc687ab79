/** A column with few different values: the values, and for each row the index of its own. */
export type DictionaryColumn<T> = readonly [values: readonly T[], indexes: readonly number[]];

export function toDictionary<T>(column: readonly T[]): DictionaryColumn<T> {
  const places = new Map<T, number>();
  const indexes = column.map((value) => {
    let place = places.get(value);
    if (place === undefined) {
      place = places.size;
      places.set(value, place);
    }
    return place;
  });
  return [[...places.keys()], indexes];
}

/** @throws RangeError when an index points outside the values */
export function fromDictionary<T>([values, indexes]: DictionaryColumn<T>): T[] {
  return indexes.map((index) => {
    if (!Number.isInteger(index) || index < 0 || index >= values.length) throw new RangeError('dictionary index out of range');
    return values[index] as T; // checked in the line above
  });
}

/** The first value, then differences: times and places become small numbers, which compress well. */
export function toDeltas(column: readonly number[]): number[] {
  let before = 0;
  return column.map((value) => {
    const delta = value - before;
    before = value;
    return delta;
  });
}

export function fromDeltas(deltas: readonly number[]): number[] {
  let before = 0;
  return deltas.map((delta) => (before += delta));
}
