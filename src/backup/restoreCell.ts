import { AnalyticsError } from '../errors/AnalyticsError.js';
import { pipelineOf } from '../redis/pipelineOf.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script, type ScriptArgument } from '../redis/Script.js';
import { keyBeside } from '../security/keystore/keyBeside.js';
import type { KeyStore } from '../security/keystore/KeyStore.js';
import { takeRandom } from '../security/takeRandom.js';
import { decodeIndexEntry } from '../storage/ChunkIndexEntry.js';
import type { BackupContext } from './BackupContext.js';
import { fieldsOf } from './capture/captureHour.js';
import { eventSeries, metricSeries, type SeriesPlace } from './capture/SeriesPlace.js';
import type { CellField } from './files/Cell.js';
import { damaged } from './files/damaged.js';
import type { HeldCell, HeldChunk } from './walkBackup.js';

const FIELDS_AT_ONCE = 500;

/** What was put back. */
export interface RestoredCell {
  readonly rows: number;
  readonly chunks: number;
}

const none: RestoredCell = { rows: 0, chunks: 0 };

/**
 * Puts a cell back. Safe to repeat.
 * @throws BackupError, KeyError; AnalyticsError `STORE_INCONSISTENT` when a key holds something else
 */
export async function restoreCell({ redis, keys, secrets: { dataKeys } }: Pick<BackupContext, 'redis' | 'keys' | 'secrets'>, held: HeldCell): Promise<RestoredCell> {
  const { cell, name } = held;
  const series = name.kind === 'metrics' ? metricSeries(keys, name.name) : eventSeries(keys, name.name);
  if (name.section === 'hour') return restoreHour(redis, series, dataKeys, held);
  if (series.kind === 'metrics') {
    if (name.section.startsWith('tier-')) return restoreRollups(redis, series, dataKeys, held);
    if (name.section === 'tags') await writeFields(redis, series.keys.tags, cell.fields);
    if (name.section === 'past') await writeFields(redis, series.keys.pastTags, cell.fields);
  } else if (name.section === 'users') await restoreUsers(redis, series.keys.users(name.number), held);
  if (name.section === 'counts') {
    // A reader's place in the feed that was is void.
    const epoch: CellField[] = series.kind === 'events' ? [[Buffer.from('epoch'), Buffer.from(takeRandom(6).toString('hex'))]] : [];
    await writeFields(redis, series.keys.counts, [...cell.fields, ...epoch]);
  }
  return none;
}

/** The counts follow from the chunks: they agree with them, whatever was stored while they were taken down. */
async function restoreHour(redis: RedisClient, { keys }: SeriesPlace, dataKeys: KeyStore, { cell, name: { number: hour }, chunks }: HeldCell): Promise<RestoredCell> {
  const done = { rows: 0, small: 0, chunks: 0 };
  const run = async (counts: readonly CellField[], absorbed: readonly CellField[], page: readonly HeldChunk[]): Promise<void> => {
    const [word, place] = (await script('restoreHour').run(redis, {
      keys: [keys.chunks, keys.time, keys.dataKeys, keys.counts, keys.absorbed],
      args: [counts.length, absorbed.length, ...[...counts, ...absorbed].flat(), ...page.flatMap((chunk) => argumentsOf(chunk, dataKeys))],
    })) as [Buffer, unknown]; // what the script answers
    if (word.toString() !== 'restored') throw new AnalyticsError('STORE_INCONSISTENT', `A key of the store (place ${String(place)} of restoreHour) holds a value of another type. Does another program use this REDIS_PREFIX?`);
  };
  for await (const page of chunks()) {
    await run([], [], page);
    for (const { entry } of page) {
      const { count, blocks } = decodeIndexEntry(entry.member, entry.score);
      done.rows += count;
      done.chunks += 1;
      if (blocks === 0) done.small += 1;
    }
  }
  const { swaps, rolledUp } = cell.values;
  const counts = Object.entries({ [hour]: done.rows, [`s${hour}`]: done.small, [`m${hour}`]: swaps, [`r${hour}`]: rolledUp }).flatMap(([field, value]): CellField[] =>
    value === undefined || (value === 0 && !field.startsWith('m')) ? [] : [[Buffer.from(field), Buffer.from(String(value))]],
  );
  await run(counts, cell.fields, []);
  return done;
}

function argumentsOf({ entry, parts, wrappedKey }: HeldChunk, dataKeys: KeyStore): ScriptArgument[] {
  const names = fieldsOf(decodeIndexEntry(entry.member, entry.score));
  if (names.length !== parts.length) throw damaged('a chunk has not the parts that its index says');
  return [entry.member, entry.score, keyBeside(dataKeys, wrappedKey), names.length, ...names.flatMap((name, place) => [name, parts[place]!])];
}

async function restoreRollups(redis: RedisClient, series: SeriesPlace & { readonly kind: 'metrics' }, dataKeys: KeyStore, { name, chunks }: HeldCell): Promise<RestoredCell> {
  const tier = series.keys.tier(name.section.slice('tier-'.length));
  let restored = 0;
  for await (const page of chunks()) {
    const calls = page.map(({ entry, parts, wrappedKey }) => ({ keys: [tier, series.keys.dataKeys], args: [entry.score, '', entry.member, parts[0]!, keyBeside(dataKeys, wrappedKey)] }));
    for (const reply of await script('storeRollup').runMany(redis, calls)) {
      const [word, place] = reply as [Buffer, unknown]; // what the script answers
      // `changed`: a restore that was killed had put it back.
      if (word.toString() === 'wrong type') throw new AnalyticsError('STORE_INCONSISTENT', `A key of the metric store (place ${String(place)} of storeRollup) holds a value of another type. Does another program use this REDIS_PREFIX?`);
    }
    restored += page.length;
  }
  return { rows: 0, chunks: restored };
}

async function restoreUsers(redis: RedisClient, key: string, { cell }: HeldCell): Promise<void> {
  const users = cell.fields[0]?.[1];
  const { expireAt = 0 } = cell.values;
  if (users === undefined || (expireAt !== 0 && expireAt <= Date.now())) return;
  if (expireAt === 0) await redis.set(key, users);
  else await redis.set(key, users, 'PXAT', expireAt);
}

export async function writeFields(redis: RedisClient, key: string, fields: readonly CellField[]): Promise<void> {
  const pipeline = pipelineOf(redis);
  for (let from = 0; from < fields.length; from += FIELDS_AT_ONCE) pipeline.hset(key, ...fields.slice(from, from + FIELDS_AT_ONCE).flat());
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}
