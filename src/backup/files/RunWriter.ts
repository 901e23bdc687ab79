import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { AppendFile } from './AppendFile.js';
import type { BackupFolder } from './BackupFolder.js';
import type { Cell, FilePlace } from './Cell.js';
import { digestOf, encodeCell } from './cellCodec.js';
import type { IndexLine } from './IndexLine.js';
import type { Manifest, RunKind } from './Manifest.js';
import { RunReader } from './RunReader.js';
import { writeWhole } from './writeWhole.js';

const whole = z.number().int().min(0);
const progressSchema = z.strictObject({ kind: z.enum(['full', 'incremental', 'erasure']), base: whole, startedAt: whole, blocks: whole, cells: whole });

/** What may be lost when the process is killed. */
const CHECKPOINT_MS = 2000;
const CHECKPOINT_BYTES = 64 * 1024 * 1024;

export interface RunStart {
  readonly run: number;
  readonly kind: RunKind;
  readonly base: number;
  readonly startedAt: number;
}

/** Writes a run's files. What stands on the disk at its last checkpoint is found again by `resume`. */
export class RunWriter {
  readonly start: RunStart;
  /** Cells that an earlier process wrote of this run, by key. */
  readonly resumed: ReadonlyMap<string, IndexLine>;
  readonly #folder: BackupFolder;
  readonly #blocks: AppendFile;
  readonly #cells: AppendFile;
  readonly #marks: AppendFile;
  #checkedAt = performance.now();
  #checkedBytes = 0;

  private constructor(folder: BackupFolder, start: RunStart, files: readonly [AppendFile, AppendFile, AppendFile], resumed: ReadonlyMap<string, IndexLine>) {
    this.#folder = folder;
    this.start = start;
    [this.#blocks, this.#cells, this.#marks] = files;
    this.resumed = resumed;
  }

  static async create(folder: BackupFolder, start: RunStart): Promise<RunWriter> {
    await folder.removeRun(start.run);
    await folder.createRun(start.run);
    return RunWriter.#open(folder, start, { blocks: 0, cells: 0 });
  }

  /** Goes on with a run that was not finished, if it is of this kind and base. */
  static async resume(folder: BackupFolder, wanted: Pick<RunStart, 'run' | 'kind' | 'base'>): Promise<RunWriter | undefined> {
    let text: string;
    try {
      text = await readFile(folder.file(wanted.run, 'progress.json'), 'utf8');
    } catch {
      return undefined; // killed before its first checkpoint, or never begun
    }
    const progress = progressSchema.safeParse(JSON.parse(text));
    if (!progress.success || progress.data.kind !== wanted.kind || progress.data.base !== wanted.base) return undefined;
    return RunWriter.#open(folder, { ...wanted, startedAt: progress.data.startedAt }, progress.data);
  }

  static async #open(folder: BackupFolder, start: RunStart, lengths: { readonly blocks: number; readonly cells: number }): Promise<RunWriter> {
    const files = [
      await AppendFile.open(folder.file(start.run, 'blocks'), lengths.blocks),
      await AppendFile.open(folder.file(start.run, 'cells'), lengths.cells),
      // Marks are few, and of one moment: they are taken down anew.
      await AppendFile.open(folder.file(start.run, 'marks')),
    ] as const;
    const resumed = new Map<string, IndexLine>();
    if (lengths.cells > 0) {
      const reader = new RunReader(folder);
      for await (const { cell, line } of reader.cells(start.run)) resumed.set(cell.key, line);
      await reader.close();
    }
    return new RunWriter(folder, start, files, resumed);
  }

  /** Takes down a chunk's sealed bytes. */
  async addBlock(bytes: Buffer): Promise<FilePlace> {
    return { run: this.start.run, offset: await this.#blocks.append(bytes), length: bytes.length };
  }

  /** Takes down a cell, unless `known` says that it stands somewhere just so. */
  async addCell(cell: Cell, known: IndexLine | undefined): Promise<IndexLine> {
    const bytes = encodeCell(cell);
    const digest = digestOf(bytes);
    if (known?.digest === digest) return known;
    const line = lineOf(cell, digest, { run: this.start.run, offset: await this.#cells.append(bytes), length: bytes.length });
    await this.#checkpointInTime();
    return line;
  }

  async addMarks(cell: Cell): Promise<void> {
    await this.#marks.append(encodeCell(cell));
  }

  /** Resolves when readers of this process see all that was added. */
  async flush(): Promise<void> {
    await this.#blocks.sync();
    await this.#cells.sync();
  }

  async finish(): Promise<Pick<Manifest['files'], 'blocks' | 'cells' | 'marks'>> {
    return { blocks: await this.#blocks.finish(), cells: await this.#cells.finish(), marks: await this.#marks.finish() };
  }

  async abandon(): Promise<void> {
    await Promise.all([this.#blocks.abandon(), this.#cells.abandon(), this.#marks.abandon()]);
  }

  async #checkpointInTime(): Promise<void> {
    if (performance.now() - this.#checkedAt < CHECKPOINT_MS && this.#blocks.length - this.#checkedBytes < CHECKPOINT_BYTES) return;
    // Blocks first: what a cell names has to be there.
    await this.flush();
    const { kind, base, startedAt } = this.start;
    const progress = { kind, base, startedAt, blocks: this.#blocks.length, cells: this.#cells.length };
    await writeWhole(this.#folder.file(this.start.run, 'progress.json'), JSON.stringify(progress));
    this.#checkedAt = performance.now();
    this.#checkedBytes = this.#blocks.length;
  }
}

function lineOf({ key, stamp, rows, chunks, bytes }: Cell, digest: string, place: FilePlace): IndexLine {
  return { key, digest, place, stamp, rows, chunks, bytes };
}
