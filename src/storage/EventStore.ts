import { compressFast } from '../codec/compression.js';
import type { EventRows } from '../codec/EventRows.js';
import { encodeEventRows } from '../codec/eventRowsText.js';
import { HOUR_MS } from '../codec/hours.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { CANARY_TYPE } from '../monitoring/canary/canaryType.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReplicaWaits } from '../redis/ReplicaWaits.js';
import { script, type ScriptCall } from '../redis/Script.js';
import type { ChunkPlace, SealedChunk } from '../security/ChunkSealer.js';
import { keyBeside } from '../security/keystore/keyBeside.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { takeRandom } from '../security/takeRandom.js';
import { encodeIndexEntry } from './ChunkIndexEntry.js';
import type { CountedUsers } from './CountedUsers.js';
import { seenMarksArgument, seenMarkValue, type SeenMark } from './SeenMark.js';

/** One chunk that is to be stored. */
export interface NewEventChunk {
  readonly type: string;
  readonly hour: number;
  /** The same whenever the same job runs again: see `chunkIdOf`. */
  readonly chunkId: Buffer;
  readonly rows: EventRows;
  /** The rows' text, compressed, where it is there already. */
  readonly packed?: Buffer | undefined;
  readonly marks: readonly SeenMark[];
  /** When the count of the different users of the chunk's UTC day expires, ms since the epoch. Default: never. */
  readonly usersExpireAt?: number | undefined;
  /** The generation of the latest erasure whose users were left out of the rows: see `Erasures`. Default: of none. */
  readonly generation?: number | undefined;
}

export type StoreOutcome =
  | { readonly kind: 'stored'; readonly offset: number }
  /** It was stored before. */
  | { readonly kind: 'known' }
  /** Nothing was stored: these marks (places in `marks`) are taken. */
  | { readonly kind: 'seen'; readonly marks: readonly number[] }
  /** There were no rows; the marks are written. */
  | { readonly kind: 'marked' }
  /** Nothing was stored: somebody was erased whom `generation` does not tell of. */
  | { readonly kind: 'erased' };

interface SealedEventChunk extends SealedChunk {
  readonly place: ChunkPlace & { readonly chunkId: Buffer };
}

const DAY_MS = 86_400_000;
const HOURS_OF_DAY = 24;

/** Writes chunks of events. One script per chunk does everything that belongs to it. */
export class EventStore {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #secrets: ReadingKeys;
  readonly #replicas: ReplicaWaits | undefined;
  readonly #counted: CountedUsers | undefined;
  /** Canaries are nobody's events: no list has their type. */
  readonly #cataloguedTypes = new Set<string>([CANARY_TYPE]);

  /**
   * @param replicas with it, what is stored is with a replica too when the call resolves
   * @param counted with it, users are counted once and not with each chunk; whoever gives it forgets it when `redis` loses its connection
   */
  constructor(redis: RedisClient, keys: Keys, secrets: ReadingKeys, replicas?: ReplicaWaits, counted?: CountedUsers) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
    this.#replicas = replicas;
    this.#counted = counted;
  }

  /**
   * Stores the chunks in one round trip, each by itself: some may be stored though the call throws, and the call may be
   * repeated.
   * @throws AnalyticsError `STORE_INCONSISTENT` when a key holds something else; whatever Redis answers otherwise
   */
  async store(chunks: readonly NewEventChunk[], now: number): Promise<StoreOutcome[]> {
    await this.list(chunks.map(({ type }) => type));
    const sealed = chunks.map((chunk) => this.#seal(chunk));
    if (this.#secrets.dataKeys.isApart) await this.#keepKeys(chunks, sealed);
    const users = chunks.map(({ rows }) => usersOf(rows));
    const write = async (): Promise<unknown[]> => this.#write(chunks, sealed, users, now);
    const fences = [...new Set(chunks.map(({ type }) => this.#keys.event(type).fence))];
    const replies = await (this.#replicas?.replicated(fences, write) ?? write());
    const outcomes = replies.map(toOutcome);
    for (const [place, outcome] of outcomes.entries()) {
      const { type, rows } = chunks[place]!;
      // The first chunk of a type that was listed before: Redis was emptied, and the list with it.
      if (outcome.kind === 'stored' && outcome.offset === rows.timestamps.length && type !== CANARY_TYPE) await this.#list(type);
    }
    return outcomes;
  }

  /**
   * Lists types before their first chunk, so that clean-up and erasures find every one that was ever stored.
   * @returns whether this store had not listed one of them: an erasure that ran before does not know of that type
   */
  async list(types: Iterable<string>): Promise<boolean> {
    const fresh = new Set<string>();
    for (const type of types) if (!this.#cataloguedTypes.has(type)) fresh.add(type);
    for (const type of fresh) await this.#list(type);
    return fresh.size > 0;
  }

  async #write(chunks: readonly NewEventChunk[], sealed: readonly SealedEventChunk[], users: readonly string[][], now: number): Promise<unknown[]> {
    const calls = chunks.map((chunk, place) => this.#call(chunk, sealed[place]!, users[place]!, now));
    const replies = await script('storeEventChunk').runMany(this.#redis, calls);
    const uncounted = replies.flatMap((reply, place) => (wordOf(reply) === 'uncounted' ? [place] : []));
    if (uncounted.length > 0) {
      this.#counted?.forget();
      const again = await script('storeEventChunk').runMany(this.#redis, uncounted.map((place) => this.#call(chunks[place]!, sealed[place]!, users[place]!, now)));
      for (const [index, place] of uncounted.entries()) replies[place] = again[index];
    }
    for (const [place, reply] of replies.entries()) {
      if (wordOf(reply) === 'stored') this.#counted?.add(this.#usersKey(chunks[place]!), users[place]!);
    }
    return replies;
  }

  #usersKey({ type, hour }: NewEventChunk): string {
    return this.#keys.event(type).users(Math.floor(hour / HOURS_OF_DAY));
  }

  /** @param under the data key that the chunk has already */
  #seal({ type, hour, chunkId, rows, packed }: NewEventChunk, under?: Buffer): SealedEventChunk {
    const count = rows.timestamps.length;
    let earliest = count === 0 ? hour * HOUR_MS : Infinity;
    let latest = count === 0 ? hour * HOUR_MS : -Infinity;
    for (const timestamp of rows.timestamps) {
      if (timestamp < earliest) earliest = timestamp;
      if (timestamp > latest) latest = timestamp;
    }
    const place = { kind: 'events', series: type, hour, chunkId, count, earliest, latest };
    return { place, ...this.#secrets.chunks.seal(place, packed ?? compressFast(encodeEventRows(rows)), under) };
  }

  /** Data keys that lie apart are there before their chunks. A job that runs again finds those of its first run. */
  async #keepKeys(chunks: readonly NewEventChunk[], sealed: SealedEventChunk[]): Promise<void> {
    // Without rows there will be no chunk.
    const places = [...chunks.keys()].filter((at) => chunks[at]!.rows.timestamps.length > 0);
    const kept = await this.#secrets.dataKeys.put(
      places.map((at) => ({ series: this.#keys.event(chunks[at]!.type), chunkId: chunks[at]!.chunkId, wrappedKey: sealed[at]!.wrappedKey })),
    );
    for (const [index, known] of kept.entries()) {
      const at = places[index]!;
      if (known !== undefined) sealed[at] = this.#seal(chunks[at]!, known);
    }
  }

  #call(chunk: NewEventChunk, { place, bytes, wrappedKey }: SealedEventChunk, users: readonly string[], now: number): ScriptCall {
    const { type, hour, chunkId, marks, usersExpireAt, generation = 0 } = chunk;
    const keys = this.#keys.event(type);
    const usersKey = this.#usersKey(chunk);
    const uncounted = this.#counted?.uncounted(usersKey, users) ?? users;
    const { dataKeys, fingerprints } = this.#secrets;
    const feedDay = Math.floor(now / DAY_MS);
    return {
      keys: [
        keys.chunks,
        keys.time,
        keys.dataKeys,
        keys.counts,
        keys.feed,
        keys.absorbed,
        usersKey,
        keys.seen,
        keys.batches,
      ],
      args: [
        chunkId,
        bytes,
        keyBeside(dataKeys, wrappedKey),
        encodeIndexEntry(place),
        place.count,
        place.latest,
        place.earliest,
        hour,
        now,
        // Who may want to see this chunk, for the broadcaster: it opens a chunk only when somebody connected is in it.
        Buffer.concat(users.map((user) => fingerprints.user(user, feedDay))),
        takeRandom(6).toString('hex'),
        seenMarkValue(chunkId, now),
        Buffer.concat(uncounted.map((user) => fingerprints.visitor(user))),
        usersExpireAt === undefined ? '' : Math.ceil(usersExpireAt),
        seenMarksArgument(marks),
        generation,
        uncounted.length < users.length ? '1' : '',
      ],
    };
  }

  async #list(type: string): Promise<void> {
    await this.#redis.hset(this.#keys.eventCatalogue, type, '1');
    this.#cataloguedTypes.add(type);
  }
}

/** The different users of a chunk. */
function usersOf({ users }: EventRows): string[] {
  const different = new Set<string>();
  for (const user of users) if (user !== null) different.add(user);
  return [...different];
}

/** The first item of what the script replies. */
function wordOf(reply: unknown): string {
  return String((reply as [Buffer, ...unknown[]])[0]); // its replies are its own
}

/** The script's replies are its own: arrays whose first item is a word. */
function toOutcome(reply: unknown): StoreOutcome {
  const [word, ...rest] = reply as [Buffer, ...unknown[]];
  switch (word.toString()) {
    case 'stored':
      return { kind: 'stored', offset: Number(String(rest[0])) };
    case 'known':
      return { kind: 'known' };
    case 'marked':
      return { kind: 'marked' };
    case 'erased':
      return { kind: 'erased' };
    case 'seen':
      return { kind: 'seen', marks: rest.map((place) => Number(place) - 1) };
    default:
      throw new AnalyticsError(
        'STORE_INCONSISTENT',
        `A key of the event store (place ${String(rest[0])} of storeEventChunk) holds a value of another type. Does another program use this REDIS_PREFIX?`,
      );
  }
}
