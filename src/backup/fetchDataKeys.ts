import type { BackupContext } from './BackupContext.js';
import { eventSeries, metricSeries, parseCellKey } from './capture/SeriesPlace.js';
import type { Cell, CellEntry } from './files/Cell.js';

const ID_BYTES = 16;

export function chunkIdOf({ member }: Pick<CellEntry, 'member'>): Buffer {
  return member.subarray(0, ID_BYTES);
}

/** The wrapped data keys of the chunks that a cell names, as they are now; undefined where there is none any more. */
export async function fetchDataKeys({ redis, keys, secrets }: Pick<BackupContext, 'redis' | 'keys' | 'secrets'>, { key, entries }: Cell): Promise<(Buffer | undefined)[]> {
  const name = parseCellKey(key);
  const series = name?.kind === 'metrics' ? metricSeries(keys, name.name) : eventSeries(keys, name?.name ?? '');
  return secrets.dataKeys.get(redis, series.keys, entries.map(chunkIdOf));
}
