import { LRUCache } from 'lru-cache';

import type { Tier } from '../../codec/rollups/tiers.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { fetchFields } from '../../redis/fetchFields.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { ChunkPlace } from '../../security/ChunkSealer.js';
import { keyBeside } from '../../security/keystore/keyBeside.js';
import type { ReadingKeys } from '../../security/KeyRing.js';
import { takeRandom } from '../../security/takeRandom.js';
import type { ChunkCache } from '../watchPurges.js';
import { tierNames } from './tierNames.js';

export interface TierStoreOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: Pick<ReadingKeys, 'chunks' | 'dataKeys'>;
  /** Bytes of opened rollups that are kept in memory. Default: 32 MiB; 0 keeps none. */
  readonly cacheBytes?: number | undefined;
}

/** A rollup that is read in order to be replaced. */
export interface StoredPeriod {
  /** '' where there is none yet. */
  readonly chunkId: Buffer;
  readonly bytes: Buffer | undefined;
}

const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;
const OVERHEAD_BYTES = 200;
/** A range of more periods is read by what there is of it. */
const MOST_ASKED = 1000;
const MOST_TRIES = 5;
const NONE = Buffer.alloc(0);

/** Keeps the rollups of metrics, sealed: what is in them is for whoever makes and reads them. */
export class TierStore implements ChunkCache {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #secrets: Pick<ReadingKeys, 'chunks' | 'dataKeys'>;
  readonly #cache: LRUCache<string, Buffer> | undefined;

  constructor({ redis, keys, secrets, cacheBytes = DEFAULT_CACHE_BYTES }: TierStoreOptions) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
    this.#cache = cacheBytes > 0 ? new LRUCache({ maxSize: cacheBytes, sizeCalculation: (bytes) => OVERHEAD_BYTES + bytes.length }) : undefined;
  }

  /**
   * The rollups of periods from `from` to `to`, both included, in their order; periods without one are left out. Two round
   * trips, one where all are in memory: a rollup gets another id whenever it is replaced.
   *
   * @throws KeyError when one does not open; whatever Redis answers otherwise
   */
  async read(keyName: string, tier: Tier, from: number, to: number): Promise<Map<number, Buffer>> {
    let wanted = await this.#periods(keyName, tier, from, to);
    const found = new Map<number, Buffer>();
    for (let tries = 0; wanted.length > 0 && tries < MOST_TRIES; tries += 1) {
      const ids = await this.#ids(keyName, tier, wanted);
      const opened = await this.#open(keyName, tier, ids);
      for (const [period, bytes] of opened) found.set(period, bytes);
      // One that was replaced between the two round trips has another id by now.
      wanted = [...ids.keys()].filter((period) => !opened.has(period));
    }
    return new Map([...found].toSorted(([one], [other]) => one - other));
  }

  get isEmpty(): boolean {
    return (this.#cache?.size ?? 0) === 0;
  }

  /** Forgets all rollups. No query is led to one that was replaced: this is so that memory does not keep it. */
  purge(): void {
    this.#cache?.clear();
  }

  /** Every period that has a rollup, and its id. */
  async stored(keyName: string, tier: Tier): Promise<Map<number, Buffer>> {
    return this.#ids(keyName, tier, await this.#periods(keyName, tier, -Infinity, Infinity));
  }

  /** One period's rollup, with what `replace` needs to know of it. */
  async readOne(keyName: string, tier: Tier, period: number): Promise<StoredPeriod> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const ids = await this.#ids(keyName, tier, [period]);
      const chunkId = ids.get(period);
      if (chunkId === undefined) break;
      const bytes = (await this.#open(keyName, tier, ids)).get(period);
      // Its bytes are gone though it is still named: it is made anew.
      if (bytes !== undefined || tries === MOST_TRIES - 1) return { chunkId, bytes };
    }
    return { chunkId: NONE, bytes: undefined };
  }

  /**
   * Puts a rollup in the place of `before`.
   * @returns false where another merge came first: then read it again
   * @throws AnalyticsError `STORE_INCONSISTENT` when a key holds something else; whatever Redis answers otherwise
   */
  async replace(keyName: string, tier: Tier, period: number, before: StoredPeriod, bytes: Uint8Array): Promise<boolean> {
    const series = this.#keys.metric(keyName);
    const { dataKeys } = this.#secrets;
    const chunkId = takeRandom(16);
    const sealed = this.#secrets.chunks.seal(placeOf(keyName, tier, period, chunkId), bytes);
    if (dataKeys.isApart) await dataKeys.put([{ series, chunkId, wrappedKey: sealed.wrappedKey }]);
    const [word, place] = (await script('storeRollup').run(this.#redis, {
      keys: [series.tier(tierNames[tier]), series.dataKeys],
      args: [period, before.chunkId, chunkId, sealed.bytes, keyBeside(dataKeys, sealed.wrappedKey)],
    })) as [Buffer, unknown]; // what the script answers
    if (word.toString() === 'wrong type') {
      throw new AnalyticsError(
        'STORE_INCONSISTENT',
        `A key of the metric store (place ${String(place)} of storeRollup) holds a value of another type. Does another program use this REDIS_PREFIX?`,
      );
    }
    const isStored = word.toString() === 'stored';
    // The key of the rollup that is gone: this one if another merge came first.
    const spare = isStored ? before.chunkId : chunkId;
    if (dataKeys.isApart && spare.length > 0) await dataKeys.destroy(this.#redis, series, [spare]);
    return isStored;
  }

  async #periods(keyName: string, tier: Tier, from: number, to: number): Promise<number[]> {
    if (to - from < MOST_ASKED) return Array.from({ length: Math.max(0, to - from + 1) }, (_, place) => from + place);
    const fields = await this.#redis.hkeysBuffer(this.#keys.metric(keyName).tier(tierNames[tier]));
    return fields.flatMap((field) => {
      const period = field.length < 16 ? Number(field.toString()) : Number.NaN;
      return period >= from && period <= to ? [period] : [];
    });
  }

  async #ids(keyName: string, tier: Tier, periods: readonly number[]): Promise<Map<number, Buffer>> {
    const key = this.#keys.metric(keyName).tier(tierNames[tier]);
    const [ids] = await fetchFields(this.#redis, [{ key, fields: periods.map((period) => Buffer.from(String(period))) }]);
    return new Map(periods.flatMap((period, place) => (ids![place] ? [[period, ids![place]] as const] : [])));
  }

  /** Those whose bytes are still there. */
  async #open(keyName: string, tier: Tier, ids: ReadonlyMap<number, Buffer>): Promise<Map<number, Buffer>> {
    const known = new Map<number, Buffer>();
    const absent: (readonly [period: number, chunkId: Buffer])[] = [];
    for (const [period, chunkId] of ids) {
      const bytes = this.#cache?.get(chunkId.toString('latin1'));
      if (bytes === undefined) absent.push([period, chunkId]);
      else known.set(period, bytes);
    }
    const series = this.#keys.metric(keyName);
    const stored = await this.#secrets.dataKeys.fetch(this.#redis, series.tier(tierNames[tier]), series, absent.map(([, chunkId]) => chunkId));
    for (const [place, [period, chunkId]] of absent.entries()) {
      const sealed = stored[place];
      if (sealed === undefined) continue;
      const opened = this.#secrets.chunks.open(placeOf(keyName, tier, period, chunkId), sealed);
      this.#cache?.set(chunkId.toString('latin1'), opened);
      known.set(period, opened);
    }
    return known;
  }
}

/** A rollup is bound to its metric, tier and period. */
function placeOf(keyName: string, tier: Tier, period: number, chunkId: Buffer): ChunkPlace {
  return { kind: `rollup ${tierNames[tier]}`, series: keyName, hour: period, chunkId, count: 0, earliest: 0, latest: 0 };
}
