import type { EventKeys, Keys, MetricKeys } from '../../redis/keys.js';

/** An event type or a metric, as a backup walks it. */
export type SeriesPlace =
  | { readonly kind: 'events'; /** The type. */ readonly name: string; readonly keys: EventKeys }
  | { readonly kind: 'metrics'; /** The name as it stands in keys. */ readonly name: string; readonly keys: MetricKeys };

export function eventSeries(keys: Keys, type: string): SeriesPlace {
  return { kind: 'events', name: type, keys: keys.event(type) };
}

export function metricSeries(keys: Keys, keyName: string): SeriesPlace {
  return { kind: 'metrics', name: keyName, keys: keys.metric(keyName) };
}

/** What the keys of a series' cells begin with. */
export function seriesStart({ kind, name }: Pick<SeriesPlace, 'kind' | 'name'>): string {
  return `${kind}/${name}/`;
}

/** What a cell's key says. */
export interface CellName {
  readonly kind: 'events' | 'metrics' | 'global';
  readonly name: string;
  readonly section: string;
  readonly number: number;
}

/** @returns undefined for a key of no such form */
export function parseCellKey(key: string): CellName | undefined {
  const match = /^(events|metrics|global)\/([^/]+)\/([a-z0-9-]+)\/(-?\d+)$/.exec(key);
  if (match === null) return undefined;
  const [, kind, name, section, number] = match as unknown as [string, CellName['kind'], string, string, string]; // the expression has these four groups
  return { kind, name, section, number: Number(number) };
}
