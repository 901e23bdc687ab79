import { setTimeout as sleep } from 'node:timers/promises';

import type { QueuePlace } from '../../queues/names.js';
import type { Position } from '../contract/socketProtocol.js';
import { KeyError } from '../errors/KeyError.js';
import { CANARY_TYPE } from '../monitoring/canary/canaryType.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing, ReadingKeys } from '../security/KeyRing.js';
import { Audience } from './Audience.js';
import { ChunkOpener } from './ChunkOpener.js';
import type { ClientRegistry } from './ClientRegistry.js';
import { CompletionWatch } from './CompletionWatch.js';
import { FeedReader } from './FeedReader.js';
import { Outlet } from './Outlet.js';
import { createFigures, type RealtimeFigures } from './RealtimeFigures.js';
import { Relay } from './Relay.js';
import { RoundTimer } from './RoundTimer.js';

export interface BroadcasterOptions {
  /** A patient connection. The caller opened it and closes it, after the broadcaster. */
  readonly redis: RedisClient;
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
  /** Told of each canary that came by in the feed: when it was sent, ms. */
  readonly onCanary?: (sentAt: number) => void;
  /** How often the feeds are read without being woken, in ms. Default 500. */
  readonly pollMs?: number;
  /** Bytes that may wait for one socket before it is closed as slow. Default 16 MiB. */
  readonly mostBufferedBytes?: number;
}

const POLL_MS = 500;
const MOST_BUFFERED_BYTES = 16 * 1024 * 1024;
const RETRY_MS = 200;
const CLOSE_MS = 1000;

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
  readonly #onError: (error: unknown) => void;
  readonly #onCanary: (sentAt: number) => void;
  readonly #audience: Audience;
  readonly #reader: FeedReader;
  readonly #opener: ChunkOpener;
  readonly #relay: Relay;
  readonly #timer: RoundTimer;
  readonly #watch: CompletionWatch;
  readonly #redis: RedisClient;
  readonly #onReady = (): void => this.#timer.wake(undefined);
  #started: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #onClosed: () => void = () => undefined;
  readonly #closed = new Promise<void>((resolve) => (this.#onClosed = resolve));

  constructor(options: BroadcasterOptions, secrets: ReadingKeys) {
    const { redis, keys, registry, queuePlace } = options;
    const figures = options.figures ?? createFigures(registry);
    const onError = (error: unknown): void => {
      if (this.#isClosed) return;
      figures.relayErrors += 1;
      options.onError?.(error);
    };
    this.figures = figures;
    this.#redis = redis;
    this.#onError = onError;
    this.#onCanary = options.onCanary ?? (() => undefined);
    this.#audience = new Audience(registry, secrets.fingerprints);
    this.#opener = new ChunkOpener({ redis, keys, secrets, figures, onError });
    this.#relay = new Relay({
      redis,
      registry,
      audience: this.#audience,
      opener: this.#opener,
      outlet: new Outlet(figures, options.mostBufferedBytes ?? MOST_BUFFERED_BYTES),
      figures,
    });
    this.#reader = new FeedReader({
      redis,
      keys,
      onGap: (type, reason) => {
        if (type === CANARY_TYPE) return; // nobody misses one
        figures.gaps += 1;
        this.#relay.announceGap(type, reason);
      },
      onError,
    });
    this.#timer = new RoundTimer({ round: async (types, isPoll) => this.#round(types, isPoll), onError, pollMs: options.pollMs ?? POLL_MS });
    this.#watch = new CompletionWatch({
      place: queuePlace,
      redis,
      onCompleted: (types) => this.#timer.wake(types),
      onRestart: () => {
        figures.listenerRestarts += 1;
        this.#timer.wake(undefined);
      },
      onError,
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
    while (!this.#isClosed) {
      try {
        await Promise.race([this.#reader.start(), this.#closed]);
        break;
      } catch (error) {
        this.#onError(error);
        await sleep(RETRY_MS);
      }
    }
    if (this.#isClosed) return;
    this.#watch.start();
    this.#timer.start();
    this.#redis.on('ready', this.#onReady);
  }

  async #end(): Promise<void> {
    this.#isClosed = true;
    this.#onClosed();
    this.#redis.off('ready', this.#onReady);
    this.#opener.close();
    // A round that waits for an absent Redis would wait for ever; what it does afterwards is nothing.
    await Promise.race([
      Promise.all([this.#watch.close(), this.#timer.close()]),
      sleep(2 * CLOSE_MS, undefined, { ref: false }),
    ]);
    this.#reader.close();
    this.#audience.close();
  }

  async #round(woken: ReadonlySet<string>, isPoll: boolean): Promise<void> {
    await this.#reader.addTypes(woken);
    let types: Iterable<string> = woken;
    if (isPoll) {
      await this.#reader.refresh();
      types = this.#reader.types();
    }
    for (;;) {
      const pages = await this.#reader.read(types);
      if (this.#isClosed) return;
      for (const { entries } of pages.filter(({ type }) => type === CANARY_TYPE)) {
        for (const { earliest } of entries) this.#onCanary(earliest);
      }
      await this.#relay.relay(pages.filter(({ type }) => type !== CANARY_TYPE));
      const further = pages.filter((page) => page.more).map((page) => page.type);
      if (further.length === 0) return;
      types = further;
    }
  }
}
