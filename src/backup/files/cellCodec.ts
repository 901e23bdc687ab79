import { createHash } from 'node:crypto';

import { z } from 'zod';

import { ByteCursor } from './ByteCursor.js';
import type { Cell, CellEntry, CellField } from './Cell.js';

const headerSchema = z.strictObject({
  key: z.string().regex(/^[!-~]+$/),
  stamp: z.string(),
  rows: z.number().int().min(0),
  chunks: z.number().int().min(0),
  bytes: z.number().int().min(0),
  values: z.record(z.string(), z.number()),
});

/**
 * A cell as it stands in a file: the length of what follows (4 bytes), a header as JSON behind its length (4), the number of
 * entries (4) and each of them: length of the member (1), member, score (8), run (4), offset (6), length (4); the number of
 * fields (4) and each of them: name and value, each behind its length (4).
 */
export function encodeCell({ key, stamp, rows, chunks, bytes, values, entries, fields }: Cell): Buffer {
  const header = Buffer.from(JSON.stringify({ key, stamp, rows, chunks, bytes, values }));
  const parts: Uint8Array[] = [uint32(header.length), header, uint32(entries.length)];
  for (const { member, score, place } of entries) {
    const tail = Buffer.allocUnsafe(22);
    tail.writeDoubleBE(score, 0);
    tail.writeUInt32BE(place.run, 8);
    tail.writeUIntBE(place.offset, 12, 6);
    tail.writeUInt32BE(place.length, 18);
    parts.push(Buffer.of(member.length), member, tail);
  }
  parts.push(uint32(fields.length));
  for (const [name, value] of fields) parts.push(uint32(name.length), name, uint32(value.length), value);
  const body = Buffer.concat(parts);
  return Buffer.concat([uint32(body.length), body]);
}

/** @throws BackupError `BACKUP_DAMAGED` when it is not what `encodeCell` made */
export function decodeCell(bytes: Buffer): Cell {
  const cursor = new ByteCursor(bytes);
  cursor.expect(cursor.uint32() === bytes.length - 4);
  const header = headerSchema.safeParse(parseJson(cursor.take(cursor.uint32()).toString()));
  if (!header.success) return cursor.refuse();
  const entries: CellEntry[] = [];
  for (let left = cursor.uint32(); left > 0; left -= 1) {
    const member = cursor.take(cursor.uint8());
    cursor.expect(member.length >= 16);
    const tail = cursor.take(22);
    const place = { run: tail.readUInt32BE(8), offset: tail.readUIntBE(12, 6), length: tail.readUInt32BE(18) };
    entries.push({ member, score: tail.readDoubleBE(0), place });
  }
  const fields: CellField[] = [];
  for (let left = cursor.uint32(); left > 0; left -= 1) fields.push([cursor.take(cursor.uint32()), cursor.take(cursor.uint32())]);
  cursor.expect(cursor.isAtEnd);
  return { ...header.data, entries, fields };
}

/** 16 bytes that stand for what a cell holds. */
export function digestOf(cell: Buffer): string {
  return createHash('sha256').update(cell).digest().toString('base64url', 0, 16);
}

/** The fields of a chunk in Redis, as one run of bytes: each behind its length (4). */
export function encodeParts(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [uint32(part.length), part]));
}

/** @throws BackupError `BACKUP_DAMAGED` when it is not what `encodeParts` made */
export function decodeParts(bytes: Buffer): Buffer[] {
  const cursor = new ByteCursor(bytes);
  const parts: Buffer[] = [];
  while (!cursor.isAtEnd) parts.push(cursor.take(cursor.uint32()));
  return parts;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
