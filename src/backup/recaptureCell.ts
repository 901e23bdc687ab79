import type { BackupContext } from './BackupContext.js';
import { Capture, type CaptureContext } from './capture/Capture.js';
import { captureHash } from './capture/captureGlobals.js';
import { captureHour } from './capture/captureHour.js';
import { capturePeriods, captureTagCell } from './capture/captureMetrics.js';
import type { HourCounts } from './capture/readCounts.js';
import { eventSeries, metricSeries, parseCellKey } from './capture/SeriesPlace.js';
import type { IndexLine } from './files/IndexLine.js';

/** Takes a cell with chunks down once more, as it is now. @returns undefined where nothing is left of it */
export async function recaptureCell({ keys }: Pick<BackupContext, 'keys'>, capture: CaptureContext, key: string, known: IndexLine | undefined): Promise<IndexLine | undefined> {
  const name = parseCellKey(key);
  if (name === undefined) return known;
  const one = new Capture(capture, new Map(known === undefined ? [] : [[key, known]]));
  if (name.kind === 'global') {
    await captureHash(one, keys, name.name);
    return one.lines()[0];
  }
  const series = name.kind === 'metrics' ? metricSeries(keys, name.name) : eventSeries(keys, name.name);
  if (name.section === 'hour') await captureHour(one, series, name.number, await readHourCounts(capture, series.keys.counts, name.number));
  else if (series.kind === 'metrics' && (name.section === 'tags' || name.section === 'past')) await captureTagCell(one, series, key, name.section, name.number);
  else if (series.kind === 'metrics' && known !== undefined) {
    const { entries } = await capture.reader.cell(known);
    await capturePeriods(one, series.keys.tier(name.section.replace('tier-', '')), key, entries.map(({ score }) => score));
  }
  return one.lines()[0];
}

/** Whether its rollups are of the same moment is not known here: so they count as not made, and are made anew. */
async function readHourCounts({ redis }: CaptureContext, counts: string, hour: number): Promise<HourCounts> {
  const [rows, small, swaps] = await redis.hmget(counts, String(hour), `s${hour}`, `m${hour}`);
  return { ...(rows != null && { rows: Number(rows) }), ...(small != null && { small: Number(small) }), ...(swaps != null && { swaps: Number(swaps) }) };
}
