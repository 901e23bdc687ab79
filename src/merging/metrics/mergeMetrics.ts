import type { AnalyticsError } from '../../errors/AnalyticsError.js';
import { removeRetiredChunks } from '../../retention/removeRetiredChunks.js';
import { BlockLoader } from '../../storage/metrics/BlockLoader.js';
import { MetricReader } from '../../storage/metrics/MetricReader.js';
import { TierStore } from '../../storage/metrics/TierStore.js';
import { readHour } from '../../storage/readHour.js';
import { collecting } from '../collecting.js';
import type { MergeRun } from '../MergeRun.js';
import { addPart, addToReport, emptyReport, type MergeReport } from '../mergeStatus.js';
import { candidatesOf, planMerge, type MergeShape } from '../planMerge.js';
import { sizesOf } from '../sizesOf.js';
import { mergeSamples, type MetricPlace } from './mergeSamples.js';
import { readHourMarks } from './readHourMarks.js';
import { rollUpMetric, type RollUpStores } from './rollUpMetric.js';

const MOST_ROUNDS = 3;

/**
 * Samples take a hundredth of the bytes of events, and are read by series: the more of an hour lie in one chunk, the fewer
 * blocks a series is in. A single chunk that came late is merged too, since only merged samples are rolled up.
 */
const SHAPE: MergeShape = { fullRows: 125_000, groupRows: 250_000, takesOne: true };

/**
 * Merges the small chunks of all metrics, oldest hours first, makes their rollups anew, and removes chunks that earlier
 * merges replaced. Safe to run again, beside writers, readers, the clean-up and other merges.
 *
 * @throws AnalyticsError for a chunk that does not open or a key that holds something else, after all others were merged;
 *   whatever Redis answers otherwise
 */
export async function mergeMetrics(run: MergeRun, whole: MergeReport): Promise<void> {
  const { redis, keys, secrets } = run;
  // A chunk is read once or twice, so keeping it would only cost memory.
  const options = { redis, keys, secrets, cacheBytes: 0 };
  const loader = new BlockLoader(options);
  const stores: RollUpStores = { reader: new MetricReader(options), tiers: new TierStore(options) };
  const report = emptyReport();
  const faults: AnalyticsError[] = [];
  for (const keyName of await redis.hkeys(keys.metricCatalogue)) {
    await collecting(faults, async () => mergeMetric(run, loader, stores, { keyName, keys: keys.metric(keyName) }, report));
    if (!report.isComplete) break;
  }
  addPart(whole, report);
  if (faults[0] !== undefined) throw faults[0];
}

async function mergeMetric(run: MergeRun, loader: BlockLoader, stores: RollUpStores, place: MetricPlace, report: MergeReport): Promise<void> {
  report.removed += await removeRetiredChunks({ redis: run.redis, dataKeys: run.secrets.dataKeys, throwIfAborted: () => {} }, place.keys, run.now() - run.graceMs);
  const { small } = await readHourMarks(run.redis, place.keys);
  for (const hour of [...small.keys()].sort((one, other) => one - other)) {
    await mergeHour(run, loader, place, hour, report);
    if (!report.isComplete) return;
  }
  // Read again, with what was merged just now, and what a merge left that was killed.
  await rollUpMetric(run, stores, place, await readHourMarks(run.redis, place.keys), run.oldestSample, report);
}

/** What many small chunks became may be merged once more: one swap replaces no more than 400. */
async function mergeHour(run: MergeRun, loader: BlockLoader, place: MetricPlace, hour: number, report: MergeReport): Promise<void> {
  let swaps = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const entries = candidatesOf(hour, await readHour(run.redis, place.keys, hour), run.now(), SHAPE);
    const sizes = await sizesOf(run.redis, place.keys, entries);
    const groups = planMerge(entries.map((entry, at) => ({ entry, bytes: sizes[at]! })), SHAPE);
    if (groups.length === 0) break;
    for (const group of groups) {
      if (run.isLate()) {
        report.isComplete = false;
        return;
      }
      const swapped = await mergeSamples(run, loader, place, hour, group);
      if (swapped === undefined) continue;
      addToReport(report, swapped);
      if (swaps === 0) report.metricHours += 1;
      swaps += 1;
    }
  }
}
