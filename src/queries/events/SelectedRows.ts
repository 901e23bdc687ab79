import type { EventScan, FoundRow, LoadedChunk } from './EventScan.js';
import { offerRows } from './offerRows.js';
import type { PickedRows, RowPicker } from './RowPicker.js';
import { RowSelection } from './RowSelection.js';

/** Picks from chunks that overlap or are filtered: every row is looked at. */
export class SelectedRows implements RowPicker {
  readonly #selection: RowSelection;
  readonly #scan: EventScan;
  readonly #skip: number;

  /** @param skip rows to leave out before the `limit` that are wanted */
  constructor(scan: EventScan, skip: number, limit: number) {
    this.#selection = new RowSelection(skip + limit, scan.order);
    this.#scan = scan;
    this.#skip = skip;
  }

  get lastTime(): number | undefined {
    return this.#selection.lastTime;
  }

  offer(chunk: LoadedChunk): void {
    offerRows(this.#selection, chunk, this.#scan);
  }

  picked(isWanted: (time: number) => boolean = () => true): PickedRows {
    const rows: FoundRow[] = this.#selection.sorted().filter(({ time }) => isWanted(time));
    return { rows: rows.slice(this.#skip), skip: Math.max(0, this.#skip - rows.length) };
  }
}
