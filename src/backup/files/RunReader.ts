import { open, type FileHandle } from 'node:fs/promises';

import type { BackupFolder, RunFile } from './BackupFolder.js';
import type { Cell, FilePlace } from './Cell.js';
import { decodeCell, digestOf } from './cellCodec.js';
import { damaged } from './damaged.js';
import type { IndexLine } from './IndexLine.js';

/** Places that follow one another are read at once, up to so many bytes. */
const AT_ONCE_BYTES = 4 * 1024 * 1024;
/** No cell is larger: a chunk has 16 MB at most, and a cell only names them. */
const MOST_CELL_BYTES = 512 * 1024 * 1024;

/** Reads what runs hold. Files are opened once, and closed by `close`. */
export class RunReader {
  readonly #folder: BackupFolder;
  readonly #files = new Map<string, Promise<FileHandle>>();

  constructor(folder: BackupFolder) {
    this.#folder = folder;
  }

  /** @throws BackupError `BACKUP_DAMAGED` when it is not there or not what the index says */
  async cell({ key, digest, place }: IndexLine): Promise<Cell> {
    const bytes = await this.#read('cells', place.run, place.offset, place.length);
    if (digestOf(bytes) !== digest) throw damaged('a part of it is not what its index says');
    const cell = decodeCell(bytes);
    if (cell.key !== key) throw damaged('a part of it is not what its index says');
    return cell;
  }

  /** Blocks, in the order of their places as they were given. @throws BackupError `BACKUP_DAMAGED` */
  async blocks(places: readonly FilePlace[]): Promise<Buffer[]> {
    const found: Buffer[] = [];
    for (let from = 0; from < places.length; ) {
      const { run, offset } = places[from]!;
      let to = from;
      let end = offset;
      for (; to < places.length; to += 1) {
        const next = places[to]!;
        if (next.run !== run || next.offset !== end || (to > from && end + next.length - offset > AT_ONCE_BYTES)) break;
        end += next.length;
      }
      const bytes = await this.#read('blocks', run, offset, end - offset);
      for (const place of places.slice(from, to)) found.push(bytes.subarray(place.offset - offset, place.offset - offset + place.length));
      from = to;
    }
    return found;
  }

  /** Every cell of a file of a run, in the order in which they were written. @throws BackupError `BACKUP_DAMAGED` */
  async *cells(run: number, name: 'cells' | 'marks' = 'cells'): AsyncGenerator<{ readonly cell: Cell; readonly line: IndexLine }> {
    const { size } = await (await this.#open(name, run)).stat();
    for await (const { bytes, offset } of frames((at, length) => this.#read(name, run, at, length), size)) {
      const cell = decodeCell(bytes);
      const { key, stamp, rows, chunks, bytes: held } = cell;
      yield { cell, line: { key, digest: digestOf(bytes), place: { run, offset, length: bytes.length }, stamp, rows, chunks, bytes: held } };
    }
  }

  async close(): Promise<void> {
    const files = await Promise.allSettled(this.#files.values());
    this.#files.clear();
    for (const file of files) if (file.status === 'fulfilled') await file.value.close();
  }

  async #open(name: RunFile, run: number): Promise<FileHandle> {
    const path = this.#folder.file(run, name);
    let file = this.#files.get(path);
    if (file === undefined) {
      file = open(path, 'r').catch((cause: unknown) => {
        throw damaged(`run ${run} is not there`, { cause });
      });
      this.#files.set(path, file);
    }
    return file;
  }

  async #read(name: RunFile, run: number, offset: number, length: number): Promise<Buffer> {
    if (length > MOST_CELL_BYTES) throw damaged('a part of it is longer than it can be');
    return readExactly(await this.#open(name, run), offset, length);
  }
}

/** The cells of a file, each with its place: its length stands in its first 4 bytes. */
export async function* frames(read: (offset: number, length: number) => Promise<Buffer>, size: number): AsyncGenerator<{ readonly bytes: Buffer; readonly offset: number }> {
  for (let offset = 0; offset < size; ) {
    if (offset + 4 > size) throw damaged('a file ends in the middle of something');
    const length = 4 + (await read(offset, 4)).readUInt32BE();
    if (offset + length > size) throw damaged('a file ends in the middle of something');
    yield { bytes: await read(offset, length), offset };
    offset += length;
  }
}

export async function readExactly(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw damaged('a file is shorter than it was');
    at += bytesRead;
  }
  return bytes;
}
