import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { SEEN_RECORD_BYTES } from '../../storage/seenBucket.js';
import { cellNumber, noFigures } from '../files/Cell.js';
import type { CaptureContext } from './Capture.js';
import { seriesStart, type SeriesPlace } from './SeriesPlace.js';

/** Buckets of one command: 448 bytes each at most. */
const PAGE = 500;
const MOST_TRIES = 5;

/** The hashes of marks, and the bytes of their records. */
export const markSections = { seen: SEEN_RECORD_BYTES.event, batches: SEEN_RECORD_BYTES.batch } as const;
export type MarkSection = keyof typeof markSections;

/**
 * Takes down the marks of stored ids and batches of a type. They are only ever added to, so a later run takes down those of
 * the days since, and all runs together have them all.
 *
 * @returns how many, by section
 */
export async function captureMarks(context: CaptureContext, series: SeriesPlace & { readonly kind: 'events' }, since: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const section of Object.keys(markSections) as MarkSection[]) {
    const key = `${seriesStart(series)}${section}/${cellNumber(0)}`;
    for (let tries = 1; ; tries += 1) {
      const taken = await captureSection(context, series.keys[section], key, markSections[section], since);
      if (taken !== undefined) {
        if (taken > 0) counts[key] = taken;
        break;
      }
      if (tries === MOST_TRIES) throw new AnalyticsError('BUSY', 'The clean-up joins marks of stored ids faster than they can be read. Run the backup again.');
    }
  }
  return counts;
}

/**
 * Buckets are read from the first to the last one, also those that are split off meanwhile: what a split moves, it moves
 * behind. Joining moves marks forward: then it begins anew. Marks that are taken down twice are put back once.
 *
 * @returns undefined where buckets were joined
 */
async function captureSection({ redis, writer, throwIfAborted }: CaptureContext, hash: string, key: string, width: number, since: number): Promise<number | undefined> {
  let taken = 0;
  let buckets = 1;
  for (let from = 0; from < buckets; from += PAGE) {
    throwIfAborted();
    const names = Array.from({ length: PAGE }, (_, place) => String(from + place));
    const [count, ...texts] = await redis.hmgetBuffer(hash, 'n', ...names);
    const now = Number(count?.toString() ?? 1);
    if (now < buckets) return undefined;
    buckets = now;
    const records = Buffer.concat(texts.flatMap((text) => (text ? recordsSince(text, width, since) : [])));
    if (records.length === 0) continue;
    taken += records.length / width;
    await writer.addMarks({ key, ...noFigures, entries: [], values: {}, fields: [[Buffer.from('r'), records]] });
  }
  return taken;
}

function recordsSince(text: Buffer, width: number, since: number): Buffer[] {
  if (since <= 0) return [text];
  const found: Buffer[] = [];
  for (let at = 0; at + width <= text.length; at += width) if (text.readUInt16BE(at + 8) >= since) found.push(text.subarray(at, at + width));
  return found;
}
