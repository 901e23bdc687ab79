import { compressWell, decompressTo } from '../compression.js';
import { ByteReader } from './ByteReader.js';
import { ByteWriter } from './ByteWriter.js';
import type { ColumnName } from './Column.js';
import { malformed } from './malformed.js';

const FORMAT = 1;
/** Rows of one chunk: an index of two bytes has to reach them all. */
export const MOST_ROWS = 65_535;

/** `shape`: the keys of each row, in order. `rest`: the values that no column holds. See `toMemberColumns`. */
export type StoredColumnName = ColumnName | 'shape' | 'rest';

/** Where a column rests. `core` and `inline` are parts of the head: the first compressed as one, the second each by itself. */
export interface ColumnPlace {
  readonly in: 'core' | 'inline' | 'block';
  /** In the core and among the inline columns: where it begins. Of a block: its number. */
  readonly at: number;
  /** Bytes as they rest: in the core they are not compressed by themselves. */
  readonly length: number;
  /** Bytes of the column itself. */
  readonly rawLength: number;
}

/** What a column is written down as: name, kind of place, compressed length, own length. Beginnings and numbers follow from the order. */
type DirectoryEntry = readonly [name: string, place: 0 | 1 | 2, length: number, rawLength: number];

interface Directory {
  readonly type: string;
  readonly count: number;
  readonly columns: readonly DirectoryEntry[];
}

const PLACES = ['core', 'inline', 'block'] as const;

/** The first thing to be read of a merged chunk: which columns there are, in which block, and the small ones themselves. */
export class EventHead {
  /** The event type. */
  readonly type: string;
  /** Rows. */
  readonly count: number;
  /** How many blocks belong to it. */
  readonly blocks: number;
  readonly columns: ReadonlyMap<string, ColumnPlace>;
  readonly #core: Buffer;
  readonly #inline: Buffer;

  constructor(directory: Directory, core: Buffer, inline: Buffer) {
    this.type = directory.type;
    this.count = directory.count;
    const columns = new Map<string, ColumnPlace>();
    const next = { core: 0, inline: 0, block: 0 };
    for (const [name, place, length, rawLength] of directory.columns) {
      const where = PLACES[place];
      columns.set(name, { in: where, at: next[where], length, rawLength });
      next[where] += where === 'block' ? 1 : length;
    }
    if (columns.size !== directory.columns.length) throw malformed('two columns have one name');
    if (next.core !== core.length || next.inline !== inline.length) throw malformed('its head does not match its columns');
    this.columns = columns;
    this.blocks = next.block;
    this.#core = core;
    this.#inline = inline;
  }

  /** Bytes that it keeps in memory, roughly. */
  get bytes(): number {
    return this.#core.length + this.#inline.length + 200 * this.columns.size;
  }

  /** The blocks that have to be loaded before these columns can be read, in ascending order. */
  blocksOf(columns: Iterable<ColumnName> | 'all'): number[] {
    if (columns === 'all') return Array.from({ length: this.blocks }, (_, block) => block);
    const blocks = new Set<number>();
    for (const column of columns) {
      for (const name of this.needs(column)) {
        const place = this.columns.get(name);
        if (place?.in === 'block') blocks.add(place.at);
      }
    }
    return [...blocks].sort((a, b) => a - b);
  }

  /** The stored columns that a column is read from: none when no row has it. */
  needs(column: ColumnName): StoredColumnName[] {
    if (this.columns.has(column)) return [column];
    return this.columns.has('rest') && column.includes('.') ? ['shape', 'rest'] : [];
  }

  /**
   * A column's own bytes.
   * @param blocks those that were loaded
   * @throws RangeError when the column's block is not among them
   */
  open(name: StoredColumnName, blocks: ReadonlyMap<number, Buffer>): Buffer {
    const place = this.columns.get(name);
    if (place === undefined) throw malformed('a column is missing');
    if (place.in === 'core') return this.#core.subarray(place.at, place.at + place.length);
    if (place.in === 'inline') return decompressTo(place.rawLength, this.#inline.subarray(place.at, place.at + place.length));
    const block = blocks.get(place.at);
    if (block === undefined) throw new RangeError(`The block ${place.at} was not loaded: see blocksOf().`);
    return decompressTo(place.rawLength, block);
  }
}

/** @param core the columns in the core, one after the other; @param inline those that are compressed by themselves */
export function writeHead(directory: Directory, core: readonly Buffer[], inline: readonly Buffer[]): Buffer {
  const content = new ByteWriter(4096);
  content.text(JSON.stringify([directory.type, directory.count, directory.columns]));
  for (const column of core) content.bytes(column);
  const raw = content.done();
  const packed = compressWell(raw);
  const head = new ByteWriter(packed.length + 16);
  head.byte(FORMAT);
  head.unsigned(raw.length);
  head.unsigned(packed.length);
  head.bytes(packed);
  for (const column of inline) head.bytes(column);
  return head.done();
}

/** @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content */
export function readHead(bytes: Buffer): EventHead {
  const head = new ByteReader(bytes);
  if (head.byte() !== FORMAT) throw malformed('it is of another format');
  const rawLength = head.unsigned();
  const core = new ByteReader(decompressTo(rawLength, head.bytes(head.unsigned())));
  const directory = parseDirectory(core.text());
  return new EventHead(directory, core.rest(), head.rest());
}

function parseDirectory(text: string): Directory {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('its directory is not JSON');
  }
  if (!Array.isArray(value)) throw malformed('its directory is not a list');
  const [type, count, columns] = value as unknown[];
  const isFit = typeof type === 'string' && isLength(count) && count > 0 && count <= MOST_ROWS && Array.isArray(columns) && columns.every(isEntry);
  if (!isFit) throw malformed('its directory is wrong');
  return { type, count, columns };
}

function isEntry(value: unknown): value is DirectoryEntry {
  if (!Array.isArray(value)) return false;
  const [name, place, length, rawLength] = value as unknown[];
  return typeof name === 'string' && (place === 0 || place === 1 || place === 2) && isLength(length) && isLength(rawLength);
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0; // isSafeInteger is true of numbers only
}
