import { randomBytes } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { fetchFields } from '../../redis/fetchFields.js';
import { removeFields } from '../../redis/removeFields.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { SealedChunk } from '../ChunkSealer.js';
import { replaceKeyFields, scanKeyFields } from './keyFields.js';
import { keysBesideData } from './keysBesideData.js';
import type { KeyPage, KeySeries, KeyStore, NewDataKey, RewrappedKey } from './KeyStore.js';
import { rewriteAppendOnlyFile } from './rewriteAppendOnlyFile.js';
import { withoutLostKeys, type FoundChunk } from './withoutLostKeys.js';

export interface KeysApartOptions {
  /** Opens the connection to the Redis of the keys, at the first call that needs it. */
  readonly connect: () => RedisClient;
  /** Hash there that names this key store. */
  readonly ownKey: string;
}

/** When the key was put there. */
const TIME_BYTES = 4;
/** About 250 bytes of memory each. */
const KEYS_KEPT = 20_000;
/** A key that another process destroyed is forgotten by then. */
const KEPT_MS = 30_000;
/** No job waits so long between its keys and its chunks. */
const ORPHAN_AGE_S = 3600;
/** Keys of one script. */
const AT_ONCE = 500;

/**
 * Data keys in a Redis of their own, under the names that they would have beside the data. A backup of the data alone opens
 * nothing, and a key that is destroyed here takes every copy of its chunk with it. Keys that were stored beside the data
 * before are found there.
 */
export class KeysApart implements KeyStore {
  readonly isApart = true;
  readonly #options: KeysApartOptions;
  readonly #known = new LRUCache<string, Buffer>({ max: KEYS_KEPT, ttl: KEPT_MS });
  #redis: RedisClient | undefined;

  constructor(options: KeysApartOptions) {
    this.#options = options;
  }

  /** The connection to the Redis of the keys. */
  get redis(): RedisClient {
    this.#redis ??= this.#options.connect();
    return this.#redis;
  }

  async identify(): Promise<string> {
    return `apart-${await this.#keepOwn('id', randomBytes(8).toString('hex'))}`;
  }

  async put(keys: readonly NewDataKey[]): Promise<(Buffer | undefined)[]> {
    const bySeries = new Map<string, number[]>();
    for (const [place, { series }] of keys.entries()) bySeries.set(series.dataKeys, [...(bySeries.get(series.dataKeys) ?? []), place]);
    const parts = [...bySeries].flatMap(([dataKeys, places]) => partsOf(places).map((part) => ({ dataKeys, part })));
    const calls = parts.map(({ dataKeys, part }) => ({ keys: [dataKeys], args: part.flatMap((place) => [Buffer.from(keys[place]!.chunkId), keys[place]!.wrappedKey]) }));
    const kept: (Buffer | undefined)[] = keys.map(() => undefined);
    for (const [index, known] of (await script('keepDataKeys').runMany(this.redis, calls)).entries()) {
      // The script answers one for each.
      for (const [at, place] of parts[index]!.part.entries()) if ((known as Buffer[])[at]!.length > 0) kept[place] = (known as Buffer[])[at];
    }
    return kept;
  }

  async get(redis: RedisClient, series: KeySeries, chunkIds: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
    const own = await this.#lookUp(series, chunkIds);
    const absent = chunkIds.filter((_, place) => own[place] === undefined);
    const beside = await keysBesideData.get(redis, series, absent);
    return own.map((key) => key ?? beside.shift());
  }

  async fetch(redis: RedisClient, chunks: string, series: KeySeries, chunkIds: readonly Buffer[]): Promise<(SealedChunk | undefined)[]> {
    const found = await this.#find(redis, chunks, series, chunkIds);
    return withoutLostKeys(found, async (places) => this.#find(redis, chunks, series, places.map((place) => chunkIds[place]!)));
  }

  async destroy(redis: RedisClient, series: KeySeries, chunkIds: readonly Buffer[]): Promise<number> {
    for (const chunkId of chunkIds) this.#known.delete(nameOf(series, chunkId));
    const [own, beside] = await Promise.all([removeFields(this.redis, series.dataKeys, chunkIds), keysBesideData.destroy(redis, series, chunkIds)]);
    return own + beside;
  }

  async removeOrphans(series: KeySeries, chunkIds: readonly Buffer[]): Promise<number> {
    if (chunkIds.length === 0) return 0;
    return Number(await script('removeOrphanKeys').run(this.redis, { keys: [series.dataKeys], args: [ORPHAN_AGE_S, ...chunkIds] }));
  }

  async belongsTo(dataId: string): Promise<boolean> {
    return (await this.#keepOwn('data', dataId)) === dataId;
  }

  async scan(_redis: RedisClient, series: KeySeries, cursor: string): Promise<KeyPage> {
    return scanKeyFields(this.redis, series.dataKeys, cursor, withoutTime);
  }

  async replace(_redis: RedisClient, series: KeySeries, keys: readonly RewrappedKey[]): Promise<number> {
    for (const { chunkId } of keys) this.#known.delete(nameOf(series, chunkId));
    return replaceKeyFields(this.redis, series.dataKeys, keys);
  }

  /** Of both: keys that lie beside the data were destroyed too. */
  async rewriteLog(redis: RedisClient): Promise<void> {
    await Promise.all([rewriteAppendOnlyFile(this.redis), rewriteAppendOnlyFile(redis)]);
  }

  close(): void {
    this.#redis?.disconnect();
    this.#redis = undefined;
  }

  /** What the field says, which is `value` if it said nothing before. */
  async #keepOwn(field: string, value: string): Promise<string> {
    const { ownKey } = this.#options;
    await this.redis.hsetnx(ownKey, field, value);
    return (await this.redis.hget(ownKey, field)) ?? '';
  }

  async #find(redis: RedisClient, chunks: string, series: KeySeries, chunkIds: readonly Buffer[]): Promise<FoundChunk[]> {
    const [own, [stored, beside]] = await Promise.all([
      this.#lookUp(series, chunkIds),
      fetchFields(redis, [
        { key: chunks, fields: chunkIds },
        { key: series.dataKeys, fields: chunkIds },
      ]),
    ]);
    return chunkIds.map((_, place) => ({ bytes: stored![place] ?? undefined, wrappedKey: own[place] ?? beside![place] ?? undefined })); // one list for each request
  }

  async #lookUp(series: KeySeries, chunkIds: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
    const keys = chunkIds.map((chunkId) => this.#known.get(nameOf(series, chunkId)));
    const absent = [...keys.keys()].filter((place) => keys[place] === undefined);
    const [values] = await fetchFields(this.redis, [{ key: series.dataKeys, fields: absent.map((place) => chunkIds[place]!) }]);
    for (const [index, place] of absent.entries()) {
      const value = values![index]; // one list for each request
      if (!value) continue;
      keys[place] = withoutTime(value);
      this.#known.set(nameOf(series, chunkIds[place]!), keys[place]);
    }
    return keys;
  }
}

function nameOf({ dataKeys }: KeySeries, chunkId: Buffer): string {
  return `${dataKeys}|${chunkId.toString('latin1')}`;
}

function withoutTime(value: Buffer): Buffer {
  return value.subarray(0, value.length - TIME_BYTES);
}

function partsOf(places: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(places.length / AT_ONCE) }, (_, part) => places.slice(part * AT_ONCE, (part + 1) * AT_ONCE));
}
