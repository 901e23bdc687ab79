import { EventReader } from '../../../src/storage/EventReader.js';
import { readIndexAll } from './readIndexAll.js';
import type { Scene } from '../scene/Scene.js';

/** One event as a chunk holds it. */
export interface StoredEvent {
  readonly id: string;
  /** What the producer called it. */
  readonly op: string;
  readonly type: string;
  readonly userId: string;
  readonly time: number;
  /** Its place in the order in which the events of its type were stored. */
  readonly offset: number;
}

const CHUNKS_A_GO = 200;

/**
 * Every event of a type, from the chunks themselves: an id that stands in two chunks comes twice, whatever queries make
 * of that. Nothing may be merging meanwhile.
 *
 * @throws when a chunk of the index is gone or does not open
 */
export async function* readStored({ client, keys, keyRing }: Pick<Scene, 'client' | 'keys' | 'keyRing'>, type: string): AsyncGenerator<StoredEvent> {
  const reader = new EventReader({ redis: client, keys, secrets: keyRing.reading!, cacheBytes: 0 }); // the scene has the key
  const entries = await readIndexAll(reader, type);
  for (let from = 0; from < entries.length; from += CHUNKS_A_GO) {
    const tables = await reader.load(type, entries.slice(from, from + CHUNKS_A_GO), 'all');
    for (const [place, table] of tables.entries()) {
      if (table === undefined) throw new Error(`A chunk of ${type} is in the index and not in the store: ${entries[from + place]!.chunkId.toString('hex')}.`);
      for (let row = 0; row < table.count; row += 1) {
        const event = table.event(row);
        yield { id: event.id, op: String(event.properties['op']), type, userId: event.userId ?? '', time: event.timestamp, offset: table.offsets[row]! };
      }
    }
  }
}
