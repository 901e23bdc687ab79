import { AggregationError } from '../../errors/AggregationError.js';
import type { AggregationDefinition } from './aggregations.js';
import type { Samples } from './Samples.js';

/** States of an aggregation that an application defined: one for each series of each cell, joined at the end. */
export class CustomColumn {
  readonly #name: string;
  readonly #definition: AggregationDefinition<unknown>;
  readonly #series: number;
  /** cell × series → state. Most cells hold few series. */
  readonly #states = new Map<number, unknown>();

  constructor(name: string, definition: AggregationDefinition<unknown>, series: number) {
    this.#name = name;
    this.#definition = definition;
    this.#series = series;
  }

  addSamples(cell: number, series: number, { times, values }: Samples, from: number, to: number): void {
    if (from === to) return;
    const key = cell * this.#series + series;
    const definition = this.#definition;
    let state = this.#states.has(key) ? this.#states.get(key) : this.#run('initial', () => definition.initial());
    this.#states.set(
      key,
      this.#run('add', () => {
        for (let place = from; place < to; place += 1) state = definition.add(state, values[place]!, times[place]!);
        return state;
      }),
    );
  }

  /** @returns by cell; null where nothing was added */
  results(cells: number): (number | null)[] {
    const joined = new Map<number, unknown>();
    for (const [key, state] of this.#states) {
      const cell = Math.floor(key / this.#series);
      joined.set(cell, joined.has(cell) ? this.#run('merge', () => this.#definition.merge(joined.get(cell), state)) : state);
    }
    return Array.from({ length: cells }, (_, cell) => (joined.has(cell) ? this.#result(joined.get(cell)) : null));
  }

  #result(state: unknown): number | null {
    const result: unknown = this.#run('result', () => this.#definition.result(state));
    if (result === null || (typeof result === 'number' && Number.isFinite(result))) return result;
    throw new AggregationError(this.#name, 'result', 'returned something else than a finite number or null');
  }

  #run<T>(step: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new AggregationError(this.#name, step, 'threw', { cause });
    }
  }
}
