import { BudgetError } from '../../errors/BudgetError.js';

const DEFAULT_SAMPLES = 20_000_000;

/** What one aggregation may still spend, from now on. A part of the samples would give wrong numbers, so it ends with an error. */
export class SampleBudget {
  readonly #samples: number;
  readonly #endsAt: number;
  #samplesRead = 0;
  #rowsRead = 0;

  constructor({ samples = DEFAULT_SAMPLES, ms }: { readonly samples?: number | undefined; readonly ms?: number | undefined }, defaultMs: number) {
    this.#samples = samples;
    this.#endsAt = performance.now() + (ms ?? defaultMs);
  }

  get samplesRead(): number {
    return this.#samplesRead;
  }

  get rowsRead(): number {
    return this.#rowsRead;
  }

  spendSamples(count: number): void {
    this.#samplesRead += count;
  }

  spendRows(count: number): void {
    this.#rowsRead += count;
  }

  /** @throws BudgetError */
  throwIfSpent(): void {
    const read = this.#samplesRead + this.#rowsRead;
    if (read > this.#samples) throw new BudgetError('aggregateMetrics', 'samples', read, 'samples');
    if (performance.now() >= this.#endsAt) throw new BudgetError('aggregateMetrics', 'time', read, 'samples');
  }
}
