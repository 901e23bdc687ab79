import { HOUR_MS } from '../../codec/hours.js';
import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';
import type { AggregationCells } from '../../insights/aggregation/AggregationCells.js';
import type { RollupTable } from '../../insights/aggregation/RollupTable.js';
import { Breath } from '../../storage/Breath.js';
import { combineSlices } from '../../storage/metrics/combineSlices.js';
import type { MetricReader } from '../../storage/metrics/MetricReader.js';
import type { PlanStep } from './planSteps.js';
import type { SampleBudget } from './SampleBudget.js';

export interface FillContext {
  readonly reader: MetricReader;
  readonly keyName: string;
  /** The range of samples, whole ms, both included. */
  readonly lower: number;
  readonly upper: number;
  readonly numberOf: ReadonlyMap<string, number>;
  /** The series of `numberOf`, where they are not all that the metric has. */
  readonly series: ReadonlySet<string> | undefined;
  readonly budget: SampleBudget;
}

/** Adds to the cells what the steps lead to. Series that are not numbered are left out. */
export async function fillCells(cells: AggregationCells, steps: readonly PlanStep[], context: FillContext): Promise<void> {
  const { reader, keyName, lower, upper, series, budget } = context;
  const breath = new Breath();
  for (const step of steps) {
    switch (step.kind) {
      case 'rows':
        addRows(cells, step.table, step.firstBucket, step.lastBucket, context);
        break;
      case 'slices':
        addSamples(cells, combineSlices(step.slices).values(), context);
        break;
      case 'chunks': {
        const range = { lower: Math.max(lower, step.firstHour * HOUR_MS), upper: Math.min(upper, (step.lastHour + 1) * HOUR_MS - 1), series };
        for await (const { slices } of reader.hours(keyName, range)) {
          addSamples(cells, combineSlices(slices).values(), context);
          budget.throwIfSpent();
          await breath.take();
        }
      }
    }
    budget.throwIfSpent();
    await breath.take();
  }
}

function addSamples(cells: AggregationCells, series: Iterable<SeriesSamples>, { numberOf, budget }: FillContext): void {
  for (const samples of series) {
    const number = numberOf.get(samples.seriesId);
    if (number === undefined) continue;
    cells.addSamples(number, samples, 0, samples.times.length);
    budget.spendSamples(samples.times.length);
  }
}

function addRows(cells: AggregationCells, table: RollupTable, firstBucket: number, lastBucket: number, { numberOf, budget }: FillContext): void {
  const { seriesIds, firstRows, buckets } = table;
  for (const [place, id] of seriesIds.entries()) {
    const number = numberOf.get(id);
    if (number === undefined) continue;
    const from = rowAt(buckets, firstBucket, firstRows[place]!, firstRows[place + 1]!);
    const to = rowAt(buckets, lastBucket + 1, from, firstRows[place + 1]!);
    cells.addRows(number, table, from, to);
    budget.spendRows(to - from);
  }
}

/** The first row from `from` on whose bucket is `bucket` or later. */
function rowAt(buckets: Uint32Array, bucket: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (buckets[middle]! < bucket) low = middle + 1;
    else high = middle;
  }
  return low;
}
