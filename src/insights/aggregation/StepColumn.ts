import type { RollupTable } from './RollupTable.js';
import type { Samples } from './Samples.js';
import { SumColumn } from './SumColumn.js';

const NO_CELL = -1;

/**
 * What happens from one sample of a series to the next, added up for many cells. A series' samples have to come in the
 * order of (time, value); those of several series may take turns.
 *
 * `increase` takes values for a counter: a rise counts, a fall is a reset, after which the counter began at 0 and so
 * counts its new value. The step from one bucket to the next counts in the later one: increases of buckets add up to
 * that of the whole. `delta` is last minus first within the cell, added up over its series.
 */
export class StepColumn {
  readonly increase: SumColumn;
  readonly delta: SumColumn;
  /** By series: the value before, and the cell that it was in. */
  readonly #before: Float64Array;
  readonly #cellBefore: Int32Array;

  constructor(cells: number, series: number) {
    this.increase = SumColumn.ofSize(cells);
    this.delta = SumColumn.ofSize(cells);
    this.#before = new Float64Array(series);
    this.#cellBefore = new Int32Array(series).fill(NO_CELL);
  }

  addSamples(cell: number, series: number, { values }: Samples, from: number, to: number): void {
    if (from === to) return;
    this.#enter(cell, series, values[from]!);
    for (let place = from + 1; place < to; place += 1) addRise(this.increase, cell, values[place - 1]!, values[place]!);
    this.#leave(cell, series, values[from]!, values[to - 1]!);
  }

  /** Adds a row: what was added up of one series before, from its first sample to its last. */
  merge(cell: number, series: number, { edges, increase }: Pick<RollupTable, 'edges' | 'increase'>, row: number): void {
    this.#enter(cell, series, edges.first[row]!);
    this.increase.merge(cell, increase, row, row + 1);
    this.#leave(cell, series, edges.first[row]!, edges.last[row]!);
  }

  #enter(cell: number, series: number, first: number): void {
    const cellBefore = this.#cellBefore[series]!;
    if (cellBefore === NO_CELL) return;
    addRise(this.increase, cell, this.#before[series]!, first);
    if (cellBefore === cell) this.delta.addDifference(cell, first, this.#before[series]!);
  }

  #leave(cell: number, series: number, first: number, last: number): void {
    this.delta.addDifference(cell, last, first);
    this.#before[series] = last;
    this.#cellBefore[series] = cell;
  }
}

function addRise(increase: SumColumn, cell: number, before: number, value: number): void {
  if (value >= before) {
    if (value > before) increase.addDifference(cell, value, before);
  } else if (value > 0) increase.add(cell, value);
}
