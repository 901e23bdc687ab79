import { fetchFields } from '../../redis/fetchFields.js';
import { tierNames } from '../../storage/metrics/tierNames.js';
import { cellNumber, type CellEntry, type CellField } from '../files/Cell.js';
import { encodeParts } from '../files/cellCodec.js';
import { captureHours } from './captureEvents.js';
import type { Capture } from './Capture.js';
import { readCounts } from './readCounts.js';
import { seriesStart, type SeriesPlace } from './SeriesPlace.js';

type MetricSeries = SeriesPlace & { readonly kind: 'metrics' };

/** Periods of one cell: 3 kB. */
const CELL_PERIODS = 64;
const STEP = 1000;
const MOST_TRIES = 5;

/**
 * Takes down a metric. Rollups first, then hours: an hour counts as rolled up only if it was so when the rollups were read.
 * Tags last, so that every series in an hour has its own.
 */
export async function captureMetrics(capture: Capture, series: MetricSeries, sealedName: Buffer): Promise<void> {
  const { redis } = capture.context;
  const before = await readCounts(redis, series.keys);
  for (const tier of Object.values(tierNames)) await captureTier(capture, series, tier);
  const { hours } = await readCounts(redis, series.keys);
  const settled = new Map(
    Array.from(hours, ([hour, { rolledUp, ...counts }]) => [hour, { ...counts, ...(rolledUp !== undefined && before.hours.get(hour)?.rolledUp === rolledUp && { rolledUp }) }] as const),
  );
  await captureHours(capture, series, settled);
  await captureTags(capture, series);
  const { rest } = await readCounts(redis, series.keys);
  await capture.putFields(`${seriesStart(series)}counts/${cellNumber(0)}`, rest);
  await capture.putFields(`${seriesStart(series)}name/${cellNumber(0)}`, [[Buffer.from('name'), sealedName]]);
}

async function captureTier(capture: Capture, series: MetricSeries, tier: string): Promise<void> {
  const { redis } = capture.context;
  const hash = series.keys.tier(tier);
  const cells = new Map<number, number[]>();
  for (const field of await redis.hkeysBuffer(hash)) {
    if (field.length >= 16) continue; // a rollup's own id
    const period = Number(field.toString());
    const cell = Math.floor(period / CELL_PERIODS);
    cells.set(cell, [...(cells.get(cell) ?? []), period]);
  }
  for (const [cell, periods] of [...cells].sort(([one], [other]) => one - other)) await capturePeriods(capture, hash, `${seriesStart(series)}tier-${tier}/${cellNumber(cell)}`, periods.sort((one, other) => one - other));
}

/** A rollup that is replaced meanwhile has another id: then they are read again. */
export async function capturePeriods(capture: Capture, hash: string, key: string, periods: readonly number[]): Promise<void> {
  const { redis, writer } = capture.context;
  const known = await capture.knownEntries(key);
  let entries: CellEntry[] = [];
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const [ids] = await fetchFields(redis, [{ key: hash, fields: periods.map((period) => Buffer.from(String(period))) }]);
    const absent = ids!.filter((id): id is Buffer => id !== null && !known.has(id.toString('latin1')));
    const [sealed] = await fetchFields(redis, [{ key: hash, fields: absent }]);
    for (const [place, member] of absent.entries()) {
      const bytes = sealed![place];
      if (bytes) known.set(member.toString('latin1'), { member, score: 0, place: await writer.addBlock(encodeParts([bytes])) });
    }
    entries = periods.flatMap((period, place) => {
      const entry = known.get(ids![place]?.toString('latin1') ?? '');
      return entry === undefined ? [] : [{ ...entry, score: period }];
    });
    if (entries.length === ids!.filter((id) => id !== null).length) break;
  }
  const bytes = entries.reduce((sum, { place }) => sum + place.length, 0);
  if (entries.length > 0) await capture.put(key, { entries }, { chunks: entries.length, bytes });
}

/** Parts of a metric that hold tags: of series with samples, and of those that only rollups tell of. */
export const tagSections = ['tags', 'past'] as const;

export function tagsKey(series: Pick<SeriesPlace, 'kind' | 'name'>, section: (typeof tagSections)[number], first: number): string {
  return `${seriesStart(series)}${section}/${cellNumber(first)}`;
}

/** Tags of one cell, as they are now. */
export async function captureTagCell(capture: Capture, { keys }: MetricSeries, key: string, section: (typeof tagSections)[number], first: number): Promise<void> {
  const all = await readHash(capture, section === 'tags' ? keys.tags : keys.pastTags);
  const fields = Array.from(all, ([id, value]): CellField => [Buffer.from(id, 'latin1'), value]);
  await capture.putFields(key, fields.filter(([id]) => id[0] === first));
}

/** By the first byte of the series' ids, so that a new series changes a small part. */
async function captureTags(capture: Capture, series: MetricSeries): Promise<void> {
  const { redis } = capture.context;
  const { tags, pastTags, counts } = series.keys;
  const before = await redis.hget(counts, 'changes');
  const live = await readHash(capture, tags);
  const past = await readHash(capture, pastTags);
  // A series that came back from the past in between would be in neither.
  if ((await redis.hget(counts, 'changes')) !== before) for (const [id, value] of await readHash(capture, tags)) live.set(id, value);
  for (const [section, all] of [[tagSections[0], live], [tagSections[1], past]] as const) {
    const cells = new Map<number, CellField[]>();
    for (const [id, value] of all) {
      if (section === 'past' && live.has(id)) continue;
      const name = Buffer.from(id, 'latin1');
      const cell = cells.get(name[0] ?? 0) ?? [];
      cell.push([name, value]);
      cells.set(name[0] ?? 0, cell);
    }
    for (const [first, fields] of cells) await capture.putFields(tagsKey(series, section, first), fields);
  }
}

/** As many as a metric may have series: 100,000 at most, about 300 bytes each. */
async function readHash({ context }: Capture, key: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  let cursor = '0';
  do {
    context.throwIfAborted();
    const [next, fields] = await context.redis.hscanBuffer(key, cursor, 'COUNT', STEP);
    for (let place = 0; place < fields.length; place += 2) found.set(fields[place]!.toString('latin1'), fields[place + 1]!); // fields and values by turns
    cursor = next.toString();
  } while (cursor !== '0');
  return found;
}
