import { readFile, rename, truncate, unlink } from 'node:fs/promises';

import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { BusyError } from '../../errors/BusyError.js';
import { reconnectDelay } from '../../redis/connect.js';
import { SegmentWriter, type Segment } from './SegmentWriter.js';
import { SpoolFolder } from './SpoolFolder.js';
import { decodeRecords, encodeRecord, type ReadRecords, type SpoolRecord } from './SpoolRecord.js';

export interface SpoolOptions {
  readonly dir: string;
  readonly maxBytes: number;
  /** Adds the jobs of these batches, in this order; rejects when it does not know of all of them that they are there. */
  readonly replay: (records: readonly SpoolRecord[]) => Promise<void>;
  readonly onError: (error: Error) => void;
}

export interface SpoolFigures {
  readonly batches: number;
  readonly bytes: number;
  /** When the oldest of them was put there, ms since the epoch; null when there is none. */
  readonly oldestAt: number | null;
}

/** Batches that are sent again at a time. */
const REPLAYED_TOGETHER = 32;
const ADOPT_EVERY_MS = 10_000;
/** While it is full: Redis has to come back, and then room is made within seconds. */
const FULL_RETRY_MS = 5000;

/**
 * Sealed batches on disk, while Redis is away. What is here is acknowledged: it outlives the process, and the next process
 * that uses the same folder sends it. Batches are sent in the order in which they came; a file is removed when Redis has
 * acknowledged all that is in it, so some may be sent twice, which their ids make harmless.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #folder: SpoolFolder;
  readonly #writer: SegmentWriter;
  /** In order; the last may still grow. */
  readonly #segments: Segment[] = [];
  /** Bytes of records on their way to the disk. */
  #arriving = 0;
  #isAway = false;
  #isClosed = false;
  #isReplaying = false;
  #pause: { readonly timer: NodeJS.Timeout; readonly end: () => void } | undefined;
  #drained: (() => void)[] = [];
  readonly #adopting: NodeJS.Timeout;

  private constructor(options: SpoolOptions, folder: SpoolFolder) {
    this.#options = options;
    this.#folder = folder;
    this.#writer = new SegmentWriter(folder, (segment) => this.#segments.push(segment));
    this.#adopting = setInterval(() => void this.#adopt(), ADOPT_EVERY_MS).unref();
  }

  /** Opens a spool of this process' own, and takes over what ended processes left. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options, await SpoolFolder.create(options.dir));
    await spool.#adopt();
    return spool;
  }

  /** Whether batches should come here at once, since the last try at Redis failed. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Redis did not take a batch, or did not answer. The spool goes on trying, with what is in it. */
  markAway(): void {
    this.#isAway = true;
    this.#replay();
  }

  get figures(): SpoolFigures {
    return {
      batches: this.#segments.reduce((sum, { batches }) => sum + batches, 0),
      bytes: this.#bytes,
      oldestAt: this.#segments[0]?.oldestAt ?? null,
    };
  }

  /** Resolves when the batch is on disk and synced. @throws BusyError when there is no room, or the disk refuses */
  async append(record: Omit<SpoolRecord, 'v' | 'at'>): Promise<void> {
    const at = Date.now();
    const bytes = encodeRecord({ v: 1, at, ...record });
    if (this.#isClosed || this.#bytes + bytes.length > this.#options.maxBytes) throw new BusyError('spool', FULL_RETRY_MS);
    this.#arriving += bytes.length;
    try {
      await this.#writer.append(bytes, at);
    } catch (cause) {
      this.#options.onError(new AnalyticsError('INTERNAL', 'The spool could not be written. See that the disk of ANALYTICS_SPOOL_DIR has room.', { cause }));
      throw new BusyError('spool', FULL_RETRY_MS, { cause });
    } finally {
      this.#arriving -= bytes.length;
    }
    this.#replay();
  }

  /** Resolves when nothing is left in it. */
  async drain(): Promise<void> {
    if (this.#isEmpty) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Ends trying. What is left stays for the next process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#adopting);
    this.#pause?.end();
    await this.#writer.finish();
    await this.#folder.leave();
  }

  get #bytes(): number {
    return this.#arriving + this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get #isEmpty(): boolean {
    return this.#segments.length === 0 && this.#arriving === 0;
  }

  async #adopt(): Promise<void> {
    try {
      for (const path of await this.#folder.adopt()) {
        const { records, soundBytes, isDamaged } = await this.#read(path);
        if (records.length === 0) await this.#remove(path, isDamaged);
        else this.#segments.unshift({ path, bytes: soundBytes, batches: records.length, oldestAt: records[0]!.at });
      }
      this.#segments.sort((one, other) => one.oldestAt - other.oldestAt);
      if (this.#segments.length > 0) this.#replay();
    } catch (cause) {
      this.#options.onError(new AnalyticsError('INTERNAL', 'What an ended process left in the spool could not be taken over.', { cause }));
    }
  }

  /** Reads a file that nobody appends to, and cuts off what was not written to its end. */
  async #read(path: string): Promise<ReadRecords> {
    const file = await readFile(path);
    const read = decodeRecords(file);
    if (read.soundBytes < file.length && !read.isDamaged) await truncate(path, read.soundBytes);
    return read;
  }

  /** Removes a file, unless there is something in it that could not be read: somebody may know how. */
  async #remove(path: string, isDamaged: boolean): Promise<void> {
    if (!isDamaged) return unlink(path);
    await rename(path, `${path}.damaged`);
    this.#options.onError(new AnalyticsError('INTERNAL', 'A file of the spool is damaged. What could be read of it was sent; it is kept as *.damaged.'));
  }

  #replay(): void {
    if (this.#isClosed || this.#isReplaying) return;
    this.#isReplaying = true;
    void this.#replayAll().finally(() => {
      this.#isReplaying = false;
      // Something may have come while the last round ended.
      if (!this.#isClosed && (this.#isAway || this.#segments.length > 0)) this.#replay();
    });
  }

  async #replayAll(): Promise<void> {
    let failures = 0;
    while (!this.#isClosed && (this.#isAway || this.#segments.length > 0)) {
      try {
        await this.#replayFirst();
        failures = 0;
      } catch (error) {
        this.#isAway = true;
        this.#options.onError(error instanceof Error ? error : new AnalyticsError('INTERNAL', 'The spool could not be sent.'));
        await this.#wait(reconnectDelay(failures));
        failures += 1;
      }
    }
    if (this.#isEmpty) for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Sends the oldest file and removes it; of an empty spool it asks only whether Redis is back. */
  async #replayFirst(): Promise<void> {
    const segment = this.#segments[0];
    if (segment === undefined) {
      await this.#options.replay([]);
      this.#isAway = false;
      return;
    }
    await this.#writer.finish(segment);
    const { records, isDamaged } = await this.#read(segment.path);
    for (let from = 0; from < records.length && !this.#isClosed; from += REPLAYED_TOGETHER) {
      await this.#options.replay(records.slice(from, from + REPLAYED_TOGETHER));
      // Redis is back: what comes from now on need not wait for what is still here.
      this.#isAway = false;
    }
    if (this.#isClosed) return;
    await this.#remove(segment.path, isDamaged);
    this.#segments.splice(this.#segments.indexOf(segment), 1);
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pause = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms).unref();
      this.#pause = { timer, end };
    });
  }
}
