import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import type { QueuePlace } from '../../queues/names.js';
import type { Position } from '../contract/socketProtocol.js';
import { KeyError } from '../errors/KeyError.js';
import type { Keys } from '../redis/keys.js';
import type { KeyRing, ReadingKeys } from '../security/KeyRing.js';
import { Audience } from './Audience.js';
import type { ClientRegistry } from './ClientRegistry.js';
import { CompletionWatch } from './CompletionWatch.js';
import { eventMessage } from './eventMessage.js';
import type { FeedEntry } from './feedEntry.js';
import { FeedReader, isWrongType, type TypePage } from './FeedReader.js';
import { fetchFeedChunks, openFeedChunk, type OpenFeedChunk, type StoredChunk } from './openFeedChunks.js';
import { Outlet } from './Outlet.js';
import { createFigures, type RealtimeFigures } from './RealtimeFigures.js';

export interface BroadcasterOptions {
  /** A patient connection. The caller opened it and closes it, after the broadcaster. */
  readonly redis: Redis;
  readonly keys: Keys;
  /** Has to be able to read. */
  readonly keyRing: KeyRing;
  /** Who receives what. */
  readonly registry: ClientRegistry;
  /** The queue of events: a job that completes there wakes the broadcaster. */
  readonly queuePlace: QueuePlace;
  /** Told of what went wrong and was passed over or is tried again. Default: nobody; it is counted all the same. */
  readonly onError?: (error: unknown) => void;
  /** Where it counts. Default: figures of its own. */
  readonly figures?: RealtimeFigures;
  /** How often the feeds are read without being woken, in ms. Default 500. */
  readonly pollMs?: number;
  /** Bytes that may wait for one socket before it is closed as slow. Default 16 MiB. */
  readonly mostBufferedBytes?: number;
}

const POLL_MS = 500;
const MOST_BUFFERED_BYTES = 16 * 1024 * 1024;
/** Rounds closer together than this cost more than they bring: 1,600 small reads a second at full load instead of 8,000. */
const ROUND_MS = 5;
/** Events whose chunks are held at a time. */
const EVENTS_AT_ONCE = 4096;
/** Longest turn before other sockets, timers and Redis replies get theirs. */
const TURN_MS = 8;
const RETRY_MS = 200;

/** Relays what is stored to the sockets of the users that it belongs to. Any number may run at once, each with clients of its own. */
export interface Broadcaster {
  readonly figures: RealtimeFigures;
  /**
   * Resolves when it has its place in the feeds: events stored from then on reach the registered sockets. Waits for
   * Redis as long as it takes, or until it is closed. Safe to call twice.
   */
  start(): Promise<void>;
  /** Where it is: a socket registered now receives every event after this position, and none before. */
  position(): Position;
  /** Bounded; safe to call twice. */
  close(): Promise<void>;
}

/** @throws KeyError `KEY_UNAVAILABLE` when the key ring holds a public key only */
export function createBroadcaster(options: BroadcasterOptions): Broadcaster {
  const { reading } = options.keyRing;
  if (reading === undefined) {
    throw new KeyError('KEY_UNAVAILABLE', 'This process holds a public key only and cannot relay events. Set ANALYTICS_ENCRYPTION_KEY.');
  }
  return new FeedBroadcaster(options, reading);
}

class FeedBroadcaster implements Broadcaster {
  readonly figures: RealtimeFigures;
  readonly #options: BroadcasterOptions;
  readonly #secrets: ReadingKeys;
  readonly #audience: Audience;
  readonly #reader: FeedReader;
  readonly #watch: CompletionWatch;
  readonly #outlet: Outlet;
  #started: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #rounds: Promise<void> = Promise.resolve();
  #isClosed = false;
  #isRunning = false;
  #isPollDue = false;
  readonly #woken = new Set<string>();
  #lastRound = 0;
  #poll: NodeJS.Timeout | undefined;
  #delayed: NodeJS.Timeout | undefined;
  #turnStart = 0;

  constructor(options: BroadcasterOptions, secrets: ReadingKeys) {
    const { redis, keys, registry, queuePlace } = options;
    this.#options = options;
    this.#secrets = secrets;
    this.figures = options.figures ?? createFigures(registry);
    this.#audience = new Audience(registry, secrets.fingerprints);
    this.#outlet = new Outlet(this.figures, options.mostBufferedBytes ?? MOST_BUFFERED_BYTES);
    this.#reader = new FeedReader({
      redis,
      keys,
      onGap: () => {
        this.figures.gaps += 1;
      },
      onError: (error) => this.#report(error),
    });
    this.#watch = new CompletionWatch({
      place: queuePlace,
      redis,
      onCompleted: (types) => this.#wake(types),
      onRestart: () => {
        this.figures.listenerRestarts += 1;
        this.#wake(undefined);
      },
      onError: (error) => this.#report(error),
    });
  }

  async start(): Promise<void> {
    this.#started ??= this.#begin();
    return this.#started;
  }

  position(): Position {
    return this.#reader.position();
  }

  async close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #begin(): Promise<void> {
    for (;;) {
      try {
        await this.#reader.start();
        break;
      } catch (error) {
        if (this.#isClosed) return;
        this.#report(error);
        await sleep(RETRY_MS);
      }
    }
    if (this.#isClosed) return;
    this.#watch.start();
    this.#poll = setInterval(() => this.#wake(undefined), this.#options.pollMs ?? POLL_MS);
    this.#poll.unref();
    this.#wake(undefined);
  }

  async #end(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#delayed);
    await this.#watch.close();
    // A round that waits for an absent Redis would wait for ever; what it does afterwards is nothing.
    await Promise.race([this.#rounds, sleep(1000, undefined, { ref: false })]);
    this.#reader.close();
    this.#audience.close();
  }

  /** @param types that something was stored of; undefined: look at all of them, and for what changed */
  #wake(types: readonly string[] | undefined): void {
    if (types === undefined) this.#isPollDue = true;
    else for (const type of types) this.#woken.add(type);
    if (this.#isRunning || this.#isClosed || this.#delayed !== undefined) return;
    const dueInMs = this.#lastRound + ROUND_MS - performance.now();
    if (dueInMs <= 0) return this.#run();
    this.#delayed = setTimeout(() => {
      this.#delayed = undefined;
      this.#run();
    }, dueInMs);
  }

  #run(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    this.#lastRound = performance.now();
    this.#rounds = this.#round()
      .catch((error: unknown) => this.#report(error))
      .then(() => {
        this.#isRunning = false;
        if (this.#woken.size > 0) this.#wake([]);
        else if (this.#isPollDue) this.#wake(undefined);
      });
  }

  async #round(): Promise<void> {
    const isPoll = this.#isPollDue;
    this.#isPollDue = false;
    let types = new Set(this.#woken);
    this.#woken.clear();
    await this.#reader.addTypes(types);
    if (isPoll) {
      await this.#reader.refresh();
      types = new Set(this.#reader.types());
    }
    while (types.size > 0 && !this.#isClosed) {
      const pages = await this.#reader.read(types);
      await this.#relay(pages);
      types = new Set(pages.filter((page) => page.more).map((page) => page.type));
    }
  }

  async #relay(pages: readonly TypePage[]): Promise<void> {
    // Taken in the turn in which the pages came: whoever registers later begins behind them.
    const upTo = this.#options.registry.sequence;
    const wanted = pages.map((page) => ({ ...page, entries: page.entries.filter((entry) => this.#isWanted(entry)) }));
    for (const page of pages) this.figures.entriesRead += page.entries.length;
    for (const { type, epoch, entries } of wanted) {
      for (const group of groupsOf(entries)) {
        const chunks = await this.#fetch(type, group);
        this.#turnStart = performance.now();
        for (const [place, chunk] of chunks.entries()) {
          const opened = this.#open(group[place]!, chunk);
          if (opened !== undefined) await this.#deliver(opened, epoch, upTo);
        }
        this.#outlet.flush();
      }
    }
  }

  #isWanted(entry: FeedEntry): boolean {
    return this.#audience.mayBeIn(entry.users, entry.storedAt);
  }

  /** Tries until Redis answers: the page was taken, so what is not fetched now is never sent. */
  async #fetch(type: string, group: readonly FeedEntry[]): Promise<(StoredChunk | undefined)[]> {
    const { redis, keys } = this.#options;
    while (!this.#isClosed) {
      try {
        return await fetchFeedChunks(redis, keys.event(type), group);
      } catch (error) {
        this.#report(error);
        if (isWrongType(error)) break;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
    return [];
  }

  #open(entry: FeedEntry, stored: StoredChunk | undefined): OpenFeedChunk | undefined {
    try {
      if (stored !== undefined) {
        this.figures.chunksOpened += 1;
        return { entry, rows: openFeedChunk(stored, this.#secrets.chunks) };
      }
    } catch (error) {
      this.#report(error);
    }
    this.figures.entriesSkipped += 1;
    return undefined;
  }

  async #deliver({ entry, rows }: OpenFeedChunk, epoch: string, upTo: number): Promise<void> {
    const { registry } = this.#options;
    const before = entry.offset - entry.count;
    for (const [row, user] of rows.users.entries()) {
      const clients = user === null ? undefined : registry.clientsOf(user);
      if (clients === undefined) continue;
      let message: Buffer | undefined;
      for (const client of clients.values()) {
        if (client.sequence > upTo) continue;
        message ??= Buffer.from(eventMessage(rows, row, epoch, before + row + 1));
        this.#outlet.send(client, message);
      }
      if (message !== undefined && performance.now() - this.#turnStart > TURN_MS) {
        this.#outlet.flush();
        await nextTurn();
        this.#turnStart = performance.now();
      }
    }
  }

  #report(error: unknown): void {
    this.figures.errors += 1;
    this.#options.onError?.(error);
  }
}

/** Parts of so many events that their chunks may be in memory together. */
function* groupsOf(entries: readonly FeedEntry[]): Generator<readonly FeedEntry[]> {
  let group: FeedEntry[] = [];
  let events = 0;
  for (const entry of entries) {
    if (group.length > 0 && events + entry.count > EVENTS_AT_ONCE) {
      yield group;
      group = [];
      events = 0;
    }
    group.push(entry);
    events += entry.count;
  }
  if (group.length > 0) yield group;
}
