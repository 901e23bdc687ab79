/** The series of one metric whose tags name somebody. */
export interface SubjectSeries {
  /** The metric's name as it stands in keys. */
  readonly keyName: string;
  /** Id of each (16 hex digits) → of the series that takes its place; '' where none does. */
  readonly ids: ReadonlyMap<string, string>;
}

/** One entry for each metric. */
export function joinSeries(all: readonly SubjectSeries[]): SubjectSeries[] {
  const joined = new Map<string, Map<string, string>>();
  for (const { keyName, ids } of all) joined.set(keyName, new Map([...(joined.get(keyName) ?? []), ...ids]));
  return Array.from(joined, ([keyName, ids]) => ({ keyName, ids }));
}
