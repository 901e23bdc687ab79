import type { FoundRow, LoadedChunk } from './EventScan.js';

/** The rows of a page, out of chunks that are offered in the order of their starts. */
export interface RowPicker {
  /** The time that no row of the page comes after; undefined while there is room for more. */
  readonly lastTime: number | undefined;
  /** @param chunk with the columns of the filter, time and offset */
  offer(chunk: LoadedChunk): void;
  /** @param isWanted for the time of each row; default: all */
  picked(isWanted?: (time: number) => boolean): PickedRows;
}

export interface PickedRows {
  /** In the order of the scan. */
  readonly rows: readonly FoundRow[];
  /** Rows that were to be left out and were not among those offered. */
  readonly skip: number;
}
