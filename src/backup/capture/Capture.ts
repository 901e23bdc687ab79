import type { RedisClient } from '../../redis/RedisClient.js';
import { type CellEntry, type CellFigures, type CellField, type Cell, noFigures } from '../files/Cell.js';
import type { IndexLine } from '../files/IndexLine.js';
import type { RunReader } from '../files/RunReader.js';
import type { RunWriter } from '../files/RunWriter.js';

/** What a series is taken down with. */
export interface CaptureContext {
  readonly redis: RedisClient;
  readonly writer: RunWriter;
  readonly reader: RunReader;
  readonly throwIfAborted: () => void;
}

/** Takes down the cells of one series: those that have not changed are only named again. */
export class Capture {
  readonly context: CaptureContext;
  readonly #previous: ReadonlyMap<string, IndexLine>;
  readonly #lines = new Map<string, IndexLine>();

  /** @param previous the series' cells as an earlier run, or this one before it was killed, took them down */
  constructor(context: CaptureContext, previous: ReadonlyMap<string, IndexLine>) {
    this.context = context;
    this.#previous = previous;
  }

  /** What is known of a cell. */
  previous(key: string): IndexLine | undefined {
    return this.#previous.get(key);
  }

  /** The chunks that the backup holds of a cell, by the members of the index. */
  async knownEntries(key: string): Promise<Map<string, CellEntry>> {
    const line = this.#previous.get(key);
    if (line === undefined || line.chunks === 0) return new Map();
    // What this run wrote may still be on its way to the disk.
    if (line.place.run === this.context.writer.start.run) await this.context.writer.flush();
    const { entries } = await this.context.reader.cell(line);
    return new Map(entries.map((entry) => [entry.member.toString('latin1'), entry]));
  }

  /** Leaves a cell as it is. */
  keep(line: IndexLine): void {
    this.#lines.set(line.key, line);
  }

  async put(key: string, content: Partial<Omit<Cell, 'key' | keyof CellFigures>>, figures: Partial<CellFigures> = {}): Promise<void> {
    const cell: Cell = { key, entries: [], fields: [], values: {}, ...content, ...noFigures, ...figures };
    this.#lines.set(key, await this.context.writer.addCell(cell, this.#previous.get(key)));
  }

  /** Fields of which a later call must give the same bytes. */
  async putFields(key: string, fields: readonly CellField[]): Promise<void> {
    if (fields.length > 0) await this.put(key, { fields: fields.toSorted(([one], [other]) => one.compare(other)) });
  }

  /** The cells that there are, in the order of their keys. */
  lines(): IndexLine[] {
    return [...this.#lines.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
  }
}
