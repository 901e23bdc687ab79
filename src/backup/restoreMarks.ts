import { pipelineOf } from '../redis/pipelineOf.js';
import { seenBucket } from '../storage/seenBucket.js';
import type { BackupContext, RunOptions } from './BackupContext.js';
import { markSections, type MarkSection } from './capture/captureMarks.js';
import { eventSeries, parseCellKey } from './capture/SeriesPlace.js';
import type { RunReader } from './files/RunReader.js';
import type { BackupState } from './readState.js';

/** Marks in a bucket: 32 fill one. */
const FILLED = 20;
/** Marks of one pass over the files: 64 MB. */
const PASS_MARKS = 2_000_000;
const BUCKETS_AT_ONCE = 200;

/** Puts the marks of stored ids back, each once, in as many buckets as they need. @returns how many */
export async function restoreMarks({ redis, keys }: Pick<BackupContext, 'redis' | 'keys'>, { manifest: { marks } }: BackupState, reader: RunReader, { signal }: RunOptions): Promise<number> {
  let restored = 0;
  for (const [key, count] of Object.entries(marks.counts)) {
    const name = parseCellKey(key);
    if (name === undefined) continue;
    const section = name.section as MarkSection; // nothing else is counted
    const hash = eventSeries(keys, name.name).keys;
    const to = (hash as unknown as Record<MarkSection, string>)[section];
    const width = markSections[section];
    const buckets = Math.max(1, Math.ceil(count / FILLED));
    const perPass = Math.max(1, Math.floor((buckets * PASS_MARKS) / count));
    await redis.hset(to, 'n', buckets);
    for (let first = 0; first < buckets; first += perPass) {
      const found = new Map<number, Map<string, Buffer>>();
      for (const run of marks.runs) {
        for await (const { cell } of reader.cells(run, 'marks')) {
          signal?.throwIfAborted();
          if (cell.key !== key) continue;
          const records = cell.fields[0]![1]; // captureMarks gives each cell one field
          for (let at = 0; at + width <= records.length; at += width) {
            const record = records.subarray(at, at + width);
            const bucket = seenBucket(record, buckets);
            if (bucket < first || bucket >= first + perPass) continue;
            const known = found.get(bucket) ?? new Map<string, Buffer>();
            known.set(record.toString('latin1', 0, 8), record);
            found.set(bucket, known);
          }
        }
      }
      restored += await writeBuckets(redis, to, found);
    }
  }
  return restored;
}

async function writeBuckets(redis: BackupContext['redis'], key: string, found: ReadonlyMap<number, ReadonlyMap<string, Buffer>>): Promise<number> {
  const all = [...found];
  let written = 0;
  for (let from = 0; from < all.length; from += BUCKETS_AT_ONCE) {
    const pipeline = pipelineOf(redis);
    for (const [bucket, records] of all.slice(from, from + BUCKETS_AT_ONCE)) {
      pipeline.hset(key, String(bucket), Buffer.concat([...records.values()]));
      written += records.size;
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }
  return written;
}
