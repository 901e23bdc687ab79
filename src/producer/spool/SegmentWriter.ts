import { open, type FileHandle } from 'node:fs/promises';

import { syncFolder, type SpoolFolder } from './SpoolFolder.js';

/** A file is replayed and removed as a whole. */
const SEGMENT_BYTES = 4 * 1024 * 1024;

interface Append {
  readonly bytes: Buffer;
  readonly at: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A file of records. */
export interface Segment {
  readonly path: string;
  bytes: number;
  batches: number;
  /** When its first record was put there, ms since the epoch. */
  readonly oldestAt: number;
}

/** Appends records to segments. What comes while a sync is on its way shares the next one. */
export class SegmentWriter {
  readonly #folder: SpoolFolder;
  readonly #onSegment: (segment: Segment) => void;
  #waiting: Append[] = [];
  #writing: Promise<void> | undefined;
  #file: FileHandle | undefined;
  #segment: Segment | undefined;

  /** @param onSegment told of each file that is begun, before anything is in it */
  constructor(folder: SpoolFolder, onSegment: (segment: Segment) => void) {
    this.#folder = folder;
    this.#onSegment = onSegment;
  }

  /** Resolves when the record is on disk, and not before. Rejects with what the disk said. */
  async append(bytes: Buffer, at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, at, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** Lets go of the file, so that nothing more is appended to it. */
  async finish(segment?: Segment): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (segment !== undefined && segment !== this.#segment) return;
    await this.#closeFile();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const appends = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeAll(appends);
        for (const { resolve } of appends) resolve();
      } catch (error) {
        await this.#cutOff().catch(() => {});
        for (const { reject } of appends) reject(error);
      }
    }
    // In the same turn as the last look at what waits.
    this.#writing = undefined;
  }

  async #writeAll(appends: readonly Append[]): Promise<void> {
    if (this.#segment !== undefined && this.#segment.bytes >= SEGMENT_BYTES) await this.#closeFile();
    this.#file ??= await this.#begin(appends[0]!.at); // there is one: see #write
    const bytes = Buffer.concat(appends.map((append) => append.bytes));
    await this.#file.appendFile(bytes);
    await this.#file.datasync();
    this.#segment!.bytes += bytes.length; // made with the file
    this.#segment!.batches += appends.length;
  }

  async #begin(oldestAt: number): Promise<FileHandle> {
    const path = this.#folder.next();
    const file = await open(path, 'ax', 0o600);
    await syncFolder(this.#folder.path);
    this.#segment = { path, bytes: 0, batches: 0, oldestAt };
    this.#onSegment(this.#segment);
    return file;
  }

  /** Takes away what was written of records that were not acknowledged: what is appended behind them could not be read. */
  async #cutOff(): Promise<void> {
    const [file, segment] = [this.#file, this.#segment];
    try {
      await file?.truncate(segment?.bytes ?? 0);
    } finally {
      await this.#closeFile();
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#segment = undefined;
    await file?.close();
  }
}
