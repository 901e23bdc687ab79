import { open } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';

import { AppendFile } from './files/AppendFile.js';
import type { BackupFolder, Head } from './files/BackupFolder.js';
import { noFigures, type Cell, type CellField } from './files/Cell.js';
import { decodeCell, encodeCell } from './files/cellCodec.js';
import { damaged } from './files/damaged.js';
import { frames, readExactly } from './files/RunReader.js';
import { syncFolder } from './files/writeWhole.js';

/** Writes the file of wrapped data keys that goes with a run, in the order of its index. */
export class KeyFileWriter {
  readonly name: string;
  readonly #folder: BackupFolder;
  readonly #file: AppendFile;

  private constructor(folder: BackupFolder, name: string, file: AppendFile) {
    this.#folder = folder;
    this.name = name;
    this.#file = file;
  }

  static async create(folder: BackupFolder, run: number): Promise<KeyFileWriter> {
    // A name of its own: the one that counts is whole as long as the head names it.
    const name = `keys-${run}-${randomBytes(4).toString('hex')}`;
    return new KeyFileWriter(folder, name, await AppendFile.open(folder.keyFile(name)));
  }

  async add(key: string, dataKeys: readonly CellField[]): Promise<void> {
    if (dataKeys.length > 0) await this.#file.append(encodeCell({ key, ...noFigures, entries: [], values: {}, fields: dataKeys }));
  }

  async finish(): Promise<void> {
    await this.#file.finish();
    await syncFolder(this.#folder.keysPath);
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
  }
}

/** The data keys of each cell, in the order of the index. @throws BackupError `BACKUP_DAMAGED` when the file is not there or cannot be read */
export async function* readKeyFile(folder: BackupFolder, { keyFile }: Pick<Head, 'keyFile'>): AsyncGenerator<Cell> {
  const file = await open(folder.keyFile(keyFile), 'r').catch((cause: unknown) => {
    throw damaged(`its file of data keys, ${keyFile}, is not in the folder of keys`, { cause });
  });
  try {
    const { size } = await file.stat();
    for await (const { bytes } of frames((offset, length) => readExactly(file, offset, length), size)) yield decodeCell(bytes);
  } finally {
    await file.close();
  }
}
