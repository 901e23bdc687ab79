import type { EventRows } from '../codec/EventRows.js';
import { decodeEventRows } from '../codec/eventRowsText.js';
import type { Keys } from '../redis/keys.js';
import { ChunkReader, type ChunkReaderOptions } from './ChunkReader.js';

const OFFSET_BYTES = 8;

export type EventReader = ChunkReader<EventRows>;

/** Reads chunks of events. `series` is the event type. */
export function createEventReader(keys: Keys, options: ChunkReaderOptions): EventReader {
  return new ChunkReader<EventRows>(
    {
      kind: 'events',
      keysOf: (type) => keys.event(type),
      // The script put the last row's offset in front: only it knew it.
      split: (stored, entry) => ({
        sealed: stored.subarray(OFFSET_BYTES),
        firstOffset: stored.readDoubleBE(0) - entry.count + 1,
      }),
      decode: (text) => decodeEventRows(text, { verify: false }),
      countOf: (rows) => rows.timestamps.length,
    },
    options,
  );
}
