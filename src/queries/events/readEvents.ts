import type { EventTable } from '../../codec/columns/EventTable.js';
import type { Event } from '../../contract/event.js';
import type { Columns, FoundRow, LoadedChunk } from './EventScan.js';
import type { PartialEvent, Projection } from './Projection.js';
import type { ScanContext } from './ScanContext.js';

/** Chunks whose columns are loaded together for the rows of a page. */
const CHUNKS_AT_ONCE = 32;

export interface HowToRead {
  readonly projection: Projection | undefined;
  /** With `user`, where whose events they are is traced. */
  readonly columns: Columns;
  /** Whether rows of a chunk that is gone are left out. */
  readonly passesOverGone: boolean;
  /** Whether they will be given out: not where the budget ended before. */
  readonly isAnswer: boolean;
}

/**
 * The events of rows that were found: what else they are made of is loaded only of their chunks.
 * @returns undefined when one of the chunks is gone, unless those are to be passed over
 */
export async function readEvents(
  { source, scan, trace }: Pick<ScanContext, 'source' | 'scan' | 'trace'>,
  rows: readonly FoundRow[],
  { projection, columns, passesOverGone, isAnswer }: HowToRead,
): Promise<(Event | PartialEvent)[] | undefined> {
  const tables = new Map<LoadedChunk, EventTable | undefined>(rows.map(({ chunk }) => [chunk, chunk.table]));
  const incomplete = [...tables.keys()].filter((chunk) => !chunk.isComplete);
  for (let start = 0; start < incomplete.length; start += CHUNKS_AT_ONCE) {
    const some = incomplete.slice(start, start + CHUNKS_AT_ONCE);
    const loaded = await source.load(scan.type, some.map(({ entry }) => entry), columns);
    if (!passesOverGone && loaded.includes(undefined)) return undefined;
    for (const [place, chunk] of some.entries()) tables.set(chunk, loaded[place]);
  }
  const found = rows.flatMap(({ chunk, row }) => {
    const table = tables.get(chunk);
    return table === undefined ? [] : [{ table, row }];
  });
  if (trace !== undefined) {
    for (const { table, row } of found) trace.see(ownerOf(table, row));
    if (isAnswer) trace.know(found.length);
  }
  return found.map(({ table, row }) => (projection === undefined ? table.event(row) : projection.read(table, row, scan.type)));
}

function ownerOf(table: EventTable, row: number): unknown {
  const { values, indexes } = table.column('user');
  return values[indexes[row]!];
}
