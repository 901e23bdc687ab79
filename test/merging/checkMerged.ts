import { expect } from '@jest/globals';

import { hourOf } from '../../src/codec/hours.js';
import { blockField } from '../../src/redis/keys.js';
import { decodeIndexEntry, type ChunkIndexEntry } from '../../src/storage/ChunkIndexEntry.js';
import { fetchFields } from '../../src/redis/fetchFields.js';
import { TYPE, type MergeFixture } from './mergeFixture.js';

/**
 * Holds what the store keeps of a type together: every field of the hash belongs to a chunk of the index or to a replaced
 * one, every chunk opens and has its key, and the counts by hour are those of the events.
 */
export async function checkMerged({ redis, keys, events }: MergeFixture, type = TYPE): Promise<void> {
  const series = keys.event(type);
  const indexed: ChunkIndexEntry[] = [];
  for await (const entry of events.index(type, { from: -Infinity, to: Infinity, order: 'asc' })) indexed.push(entry);
  const retired = (await redis.zrangeBuffer(series.retired, '0', '-1')).map((member) => decodeIndexEntry(member, 0));
  const idsOf = (entries: readonly ChunkIndexEntry[]) => entries.map(({ chunkId }) => chunkId.toString('hex'));
  const current = new Set(idsOf(indexed));
  expect(idsOf(retired).filter((id) => current.has(id))).toEqual([]);

  const fields = [...indexed, ...retired].flatMap(({ chunkId, blocks }) => [chunkId, ...Array.from({ length: Math.max(blocks - 1, 0) }, (_, block) => blockField(chunkId, block))]);
  expect((await redis.hkeysBuffer(series.chunks)).map((field) => field.toString('hex')).sort()).toEqual(fields.map((field) => field.toString('hex')).sort());
  expect((await redis.hkeysBuffer(series.dataKeys)).map((id) => id.toString('hex')).sort()).toEqual([...idsOf(indexed), ...idsOf(retired)].sort());
  const [stored] = await fetchFields(redis, [{ key: series.chunks, fields }]);
  expect(stored!.every((bytes) => bytes !== null)).toBe(true);

  const perHour = new Map<number, number>();
  const smallPerHour = new Map<string, string>();
  const offsets = new Set<number>();
  for (const [place, table] of (await events.load(type, indexed, 'all')).entries()) {
    const { hour, earliest, latest, count, blocks } = indexed[place]!;
    expect(table!.count).toBe(count);
    const times = Array.from(table!.times);
    expect([Math.min(...times), Math.max(...times), hourOf(earliest)]).toEqual([earliest, latest, hour]);
    if (blocks > 0) expect(times).toEqual(times.toSorted((one, other) => one - other));
    else smallPerHour.set(`s${hour}`, String(Number(smallPerHour.get(`s${hour}`) ?? 0) + 1));
    for (const offset of Array.from(table!.offsets)) {
      expect(offsets.has(offset)).toBe(false);
      offsets.add(offset);
    }
    perHour.set(hour, (perHour.get(hour) ?? 0) + count);
  }
  expect(await events.hourCounts(type)).toEqual(perHour);
  const counted = Object.entries(await redis.hgetall(series.counts)).filter(([field, count]) => field.startsWith('s') && count !== '0');
  expect(new Map(counted)).toEqual(smallPerHour);
}
