/** Where bytes stand: a run's number, and a place in that run's file. */
export interface FilePlace {
  readonly run: number;
  readonly offset: number;
  readonly length: number;
}

/** A chunk that a cell names: what its index says of it, and where its sealed bytes stand. */
export interface CellEntry {
  /** As it stands in Redis; the first 16 bytes are the chunk's id. */
  readonly member: Buffer;
  /** The latest time in the chunk, ms; of a rollup the number of its period. */
  readonly score: number;
  readonly place: FilePlace;
}

/** What is told of a cell beside what it holds. */
export interface CellFigures {
  /** What the store said of it before it was read: it is read again when that changes. '' where nothing tells. */
  readonly stamp: string;
  /** Events or samples in it. */
  readonly rows: number;
  readonly chunks: number;
  /** Sealed bytes of its chunks. */
  readonly bytes: number;
}

export type CellField = readonly [name: Buffer, value: Buffer];

/**
 * The unit that a backup takes down at one moment and replaces as a whole: an hour of a type, the counts of a metric, some of
 * its tags. Of cells with one key the latest counts.
 */
export interface Cell extends CellFigures {
  /** `kind/series/section/number`, ASCII, in the order of which cells stand in an index. */
  readonly key: string;
  readonly entries: readonly CellEntry[];
  readonly fields: readonly CellField[];
  /** Numbers of the section's own. */
  readonly values: Readonly<Record<string, number>>;
}

export const noFigures: CellFigures = { stamp: '', rows: 0, chunks: 0, bytes: 0 };

/** A number as a part of a cell's key: in the order of the numbers. */
export function cellNumber(value: number): string {
  return String(value).padStart(10, '0');
}
