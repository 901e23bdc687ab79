import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

import { z } from 'zod';

import type { CellFigures, FilePlace } from './Cell.js';
import { damaged } from './damaged.js';

/** What an index says of a cell: what it holds, in short, and where it stands. */
export interface IndexLine extends CellFigures {
  readonly key: string;
  readonly digest: string;
  readonly place: FilePlace;
}

const whole = z.number().int().min(0);
const lineSchema = z.tuple([z.string(), z.string(), whole, whole, whole, z.string(), whole, whole, whole]);

/** A line of JSON: an index has one for each cell that there is, in the order of their keys. */
export function encodeIndexLine({ key, digest, place, stamp, rows, chunks, bytes }: IndexLine): Buffer {
  return Buffer.from(`${JSON.stringify([key, digest, place.run, place.offset, place.length, stamp, rows, chunks, bytes])}\n`);
}

/** The lines of an index, in their order; none where there is no index. @throws BackupError `BACKUP_DAMAGED` */
export async function* readIndexLines(file: string | undefined): AsyncGenerator<IndexLine> {
  if (file === undefined) return;
  const input = createReadStream(file);
  let last = '';
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      const line = parseLine(text);
      if (line.key <= last) throw damaged('its index is out of order');
      last = line.key;
      yield line;
    }
  } finally {
    input.destroy();
  }
}

function parseLine(text: string): IndexLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged('its index cannot be read', { cause });
  }
  const parsed = lineSchema.safeParse(json);
  if (!parsed.success) throw damaged('its index cannot be read');
  const [key, digest, run, offset, length, stamp, rows, chunks, bytes] = parsed.data;
  return { key, digest, place: { run, offset, length }, stamp, rows, chunks, bytes };
}
