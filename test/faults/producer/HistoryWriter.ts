import { openSync, writeSync } from 'node:fs';

import type { HistoryRecord } from '../history/records.js';

/** Appends to a history. Each line is with the kernel before the call returns, so that a kill loses none. */
export class HistoryWriter {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(record: HistoryRecord): void {
    writeSync(this.#file, `${JSON.stringify(record)}\n`);
  }
}
