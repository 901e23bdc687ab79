import type { JsonObject } from '../../contract/json.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { compressWell } from '../compression.js';
import { ByteWriter } from './ByteWriter.js';
import { packDictionary, packIntegers } from './dictionaryColumn.js';
import { MOST_ROWS, writeHead, type StoredColumnName } from './EventHead.js';
import { packIds } from './idColumn.js';
import { writeIntegers } from './integerColumn.js';
import { toMemberColumns, type ParsedRow } from './memberColumns.js';
import type { StoredEvent } from './StoredEvent.js';

/** A merged chunk as it is sealed: the head and each block by itself. */
export interface PackedEvents {
  readonly head: Buffer;
  readonly blocks: readonly Buffer[];
}

/**
 * A chunk of no more than this has no blocks: it is compressed as one and read at once. 20, 100 and 300 web requests take
 * 80, 38 and 24 bytes an event, fields and seals included, instead of 105, 48 and 28.
 */
const WHOLE_BYTES = 32 * 1024;
/** Columns that are small before they are compressed (as a rule: all rows hold one value) are compressed with the directory. */
const CORE_BYTES = 48;
/** A field of its own costs about 130 bytes of seal and Redis; but every query reads the head, which should stay small. */
const INLINE_BYTES = 256;

interface RawColumn {
  readonly name: StoredColumnName;
  readonly raw: Buffer;
  /** Another form of the same, to be taken if it is smaller once it is compressed. */
  readonly other?: Buffer | undefined;
}

/**
 * Lays out the events of one type and hour, by column.
 *
 * @param rows in the order of (timestamp, offset)
 * @throws AnalyticsError `INTERNAL` when they are not, or are none or too many
 */
export function packEvents(type: string, rows: readonly StoredEvent[]): PackedEvents {
  checkRows(rows);
  const columns = rawColumns(rows);
  const isWhole = columns.reduce((sum, { raw }) => sum + raw.length, 0) <= WHOLE_BYTES;
  const core: Buffer[] = [];
  const inline: Buffer[] = [];
  const blocks: Buffer[] = [];
  const directory = columns.map(({ name, raw, other }) => {
    if (isWhole || raw.length <= CORE_BYTES) {
      core.push(raw);
      return [name, 0, raw.length, raw.length] as const;
    }
    const { packed, rawLength } = smallest(raw, other);
    const isInline = packed.length < INLINE_BYTES;
    (isInline ? inline : blocks).push(packed);
    return [name, isInline ? 1 : 2, packed.length, rawLength] as const;
  });
  return { head: writeHead({ type, count: rows.length, columns: directory }, core, inline), blocks };
}

function rawColumns(rows: readonly StoredEvent[]): RawColumn[] {
  const { shapes, columns, rest } = toMemberColumns(rows.map(parseRow));
  const members = [...columns].map(([name, values]): RawColumn => ({ name, raw: packDictionary(values), other: packIntegers(values) }));
  return [
    { name: 'time', raw: integersOf(rows.map(({ timestamp }) => timestamp)) },
    { name: 'offset', raw: integersOf(rows.map(({ offset }) => offset)) },
    { name: 'id', raw: packIds(rows.map(({ id }) => id)) },
    { name: 'priority', raw: packDictionary(rows.map(({ priority }) => priority)) },
    ...subjects('user', rows.map(({ userId }) => userId)),
    ...subjects('session', rows.map(({ sessionId }) => sessionId)),
    { name: 'shape', raw: packDictionary(shapes) },
    ...members,
    ...(rest === undefined ? [] : [{ name: 'rest' as const, raw: packDictionary(rest) }]),
  ];
}

/** None where no row has one. */
function subjects(name: 'user' | 'session', ids: readonly (string | null)[]): RawColumn[] {
  return ids.every((id) => id === null) ? [] : [{ name, raw: packDictionary(ids.map((id) => id ?? undefined)) }];
}

function smallest(raw: Buffer, other: Buffer | undefined): { packed: Buffer; rawLength: number } {
  const packed = compressWell(raw);
  const packedOther = other && compressWell(other);
  if (packedOther && packedOther.length < packed.length) return { packed: packedOther, rawLength: other!.length };
  return { packed, rawLength: raw.length };
}

function integersOf(numbers: readonly number[]): Buffer {
  const writer = new ByteWriter(numbers.length * 2);
  writeIntegers(writer, numbers);
  return writer.done();
}

function parseRow({ properties, metadata }: StoredEvent): ParsedRow {
  // Both were verified before they were sealed.
  return { properties: JSON.parse(properties) as JsonObject, metadata: metadata === '' ? undefined : (JSON.parse(metadata) as JsonObject) };
}

function checkRows(rows: readonly StoredEvent[]): void {
  if (rows.length === 0 || rows.length > MOST_ROWS) throw new AnalyticsError('INTERNAL', `A merged chunk holds 1 to ${MOST_ROWS} events: give it as many.`);
  for (let row = 1; row < rows.length; row++) {
    const [before, after] = [rows[row - 1]!, rows[row]!];
    const isInOrder = before.timestamp < after.timestamp || (before.timestamp === after.timestamp && before.offset < after.offset);
    if (!isInOrder) throw new AnalyticsError('INTERNAL', 'The events of a merged chunk stand in the order of time and offset: sort them.');
  }
}
