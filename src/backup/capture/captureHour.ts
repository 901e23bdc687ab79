import { decodeIndexEntry, encodeIndexEntry, type ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import { fetchFields } from '../../redis/fetchFields.js';
import { readHour } from '../../storage/readHour.js';
import { blockField } from '../../redis/keys.js';
import { cellNumber, type CellEntry, type CellField } from '../files/Cell.js';
import { encodeParts } from '../files/cellCodec.js';
import type { Capture } from './Capture.js';
import { seriesStart, type SeriesPlace } from './SeriesPlace.js';
import { stampOf, type HourCounts } from './readCounts.js';

/** Chunks of one round trip: merged ones have some 100 kB. */
const PAGE = 32;
/** A merge replaces an hour's chunks at once, and comes by every few minutes. */
const MOST_TRIES = 5;

/**
 * Takes down an hour of a series as it is at one moment: the chunks that its index names then, and what it remembers of merged
 * ones. Chunks are immutable, so those that the backup holds already are only named.
 *
 * @param counts what the store said of the hour before
 */
export async function captureHour(capture: Capture, series: SeriesPlace, hour: number, counts: HourCounts): Promise<void> {
  const key = hourKey(series, hour);
  const known = await capture.knownEntries(key);
  for (let tries = 1; ; tries += 1) {
    capture.context.throwIfAborted();
    const entries = await readHour(capture.context.redis, series.keys, hour);
    const found = await captureEntries(capture, series, entries, known);
    // Some are gone: the hour was merged, erased from or cleaned meanwhile. An entry whose chunk never was there stays so.
    if (found.length < entries.length && tries < MOST_TRIES) continue;
    // After the index: what is merged in between is remembered twice, which does no harm, and not in neither place.
    const fields = await readAbsorbed(capture, series, hour);
    if (found.length === 0 && fields.length === 0) return;
    const rows = found.reduce((sum, { member, score }) => sum + decodeIndexEntry(member, score).count, 0);
    const bytes = found.reduce((sum, { place }) => sum + place.length, 0);
    const { swaps, rolledUp } = counts;
    const values = { ...(swaps !== undefined && { swaps }), ...(rolledUp !== undefined && { rolledUp }) };
    await capture.put(key, { entries: found, fields, values }, { stamp: stampOf(counts), rows, chunks: found.length, bytes });
    return;
  }
}

export function hourKey(series: Pick<SeriesPlace, 'kind' | 'name'>, hour: number): string {
  return `${seriesStart(series)}hour/${cellNumber(hour)}`;
}

/** @param known what is held already; what is taken down is added. @returns those that could be had */
async function captureEntries(capture: Capture, { keys }: SeriesPlace, entries: readonly ChunkIndexEntry[], known: Map<string, CellEntry>): Promise<CellEntry[]> {
  const named = entries.map((entry) => ({ entry, member: encodeIndexEntry(entry) }));
  const absent = named.filter(({ member }) => !known.has(member.toString('latin1')));
  for (let from = 0; from < absent.length; from += PAGE) {
    const page = absent.slice(from, from + PAGE);
    const replies = await fetchFields(capture.context.redis, page.map(({ entry }) => ({ key: keys.chunks, fields: fieldsOf(entry) })));
    for (const [place, { entry, member }] of page.entries()) {
      const parts = replies[place]!.filter((part) => part !== null);
      if (parts.length < replies[place]!.length) continue;
      known.set(member.toString('latin1'), { member, score: entry.latest, place: await capture.context.writer.addBlock(encodeParts(parts)) });
    }
  }
  return named.flatMap(({ member }) => known.get(member.toString('latin1')) ?? []);
}

/** The fields that a chunk rests in, its own first. */
export function fieldsOf({ chunkId, blocks }: Pick<ChunkIndexEntry, 'chunkId' | 'blocks'>): Buffer[] {
  return [chunkId, ...Array.from({ length: Math.max(0, blocks - 1) }, (_, block) => blockField(chunkId, block))];
}

async function readAbsorbed({ context: { redis } }: Capture, { keys }: SeriesPlace, hour: number): Promise<CellField[]> {
  const names = [String(hour)];
  const [whole] = await redis.hmgetBuffer(keys.absorbed, ...names);
  if (whole?.toString('latin1') === '*') names.push(...Array.from({ length: 256 }, (_, first) => `${hour}.${first}`));
  // Again with the rest, since it may be spread only now: the mark and where it points are of one moment.
  const values = await redis.hmgetBuffer(keys.absorbed, ...names);
  return names.flatMap((name, place) => (values[place] ? [[Buffer.from(name), values[place]] as const] : []));
}
