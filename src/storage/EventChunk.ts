import type { ColumnName } from '../codec/columns/Column.js';
import { readHead } from '../codec/columns/EventHead.js';
import type { EventTable } from '../codec/columns/EventTable.js';
import { MergedTable } from '../codec/columns/MergedTable.js';
import { RowsTable } from '../codec/columns/RowsTable.js';
import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import { decompress } from '../codec/compression.js';
import { decodeEventRows } from '../codec/eventRowsText.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { ChunkPlace, ChunkSealer, SealedChunk } from '../security/ChunkSealer.js';
import type { ChunkEntry } from './ChunkIndexEntry.js';
import { decodeMergedHeader, withoutHeader } from './mergedHeader.js';

const OFFSET_BYTES = 8;
/** What a small chunk's rows take in memory, roughly: its text twice, once its JSON is parsed, and so much for each row. */
const ROW_BYTES = 160;

export interface StoredTable extends EventTable {
  /** All events, to be merged. Needs all columns. */
  storedEvents(): readonly StoredEvent[];
}

/** A chunk that is opened: small ones whole, merged ones block by block. */
export interface EventChunk {
  readonly table: StoredTable;
  /** Bytes that it keeps in memory, roughly. Grows while columns are decoded. */
  readonly bytes: number;
  /** The blocks that still have to be fetched before these columns can be read. */
  missing(columns: Iterable<ColumnName> | 'all'): number[];
  /** Opens blocks, as they rest, and adds them. @throws KeyError */
  add(sealed: ReadonlyMap<number, Buffer>): void;
}

/**
 * Opens a chunk, whichever way it rests; of a merged one only the head.
 *
 * @param stored the field of the chunk's id, and its wrapped key
 * @throws KeyError when it does not open; AnalyticsError `STORE_INCONSISTENT` when it is not what its entry says
 */
export function openEventChunk(type: string, entry: ChunkEntry, stored: SealedChunk, sealer: ChunkSealer): EventChunk {
  const place: ChunkPlace = { kind: 'events', series: type, ...entry };
  return decodeMergedHeader(entry.chunkId, stored.bytes) === undefined
    ? openSmall(place, stored, sealer)
    : openMerged(place, stored, sealer);
}

function openSmall(place: ChunkPlace, { bytes, wrappedKey }: SealedChunk, sealer: ChunkSealer): EventChunk {
  const text = decompress(sealer.open(place, { bytes: bytes.subarray(OFFSET_BYTES), wrappedKey }));
  const rows = decodeEventRows(text, { verify: false });
  checkCount(rows.timestamps.length, place);
  return {
    // The script put the last row's offset in front: only it knew it.
    table: new RowsTable(rows, bytes.readDoubleBE(0) - place.count + 1),
    bytes: 2 * text.length + place.count * ROW_BYTES,
    missing: () => [],
    add: () => {},
  };
}

function openMerged(place: ChunkPlace, { bytes, wrappedKey }: SealedChunk, sealer: ChunkSealer): EventChunk {
  const open = sealer.blockOpener(place, wrappedKey);
  const head = readHead(open('head', withoutHeader(bytes)));
  checkCount(head.count, place);
  const table = new MergedTable(place.series, head, new Map());
  return {
    table,
    get bytes() {
      return table.bytes;
    },
    missing: (columns) => table.missing(columns),
    add: (sealed) => table.add(new Map(Array.from(sealed, ([block, part]) => [block, open(block, part)]))),
  };
}

function checkCount(count: number, place: ChunkPlace): void {
  if (count !== place.count) throw new AnalyticsError('STORE_INCONSISTENT', 'A chunk does not hold what its index entry says.');
}
