import type { WebSocket } from 'ws';

import { queuePlaces } from '../../../../queues/names.js';
import type { Config } from '../../../config/parseConfig.js';
import { createBroadcaster, type Broadcaster } from '../../../realtime/Broadcaster.js';
import { ClientRegistry } from '../../../realtime/ClientRegistry.js';
import { connect } from '../../../redis/connect.js';
import { keysOf } from '../../../redis/keys.js';
import type { RedisClient } from '../../../redis/RedisClient.js';
import { checkKeyIdentity } from '../../../security/checkKeyIdentity.js';
import type { KeyStore } from '../../../security/keystore/KeyStore.js';
import { loadKeyRing } from '../../../security/loadKeyRing.js';

/** The sockets of this process, and the broadcaster that serves them from the first registration on. */
export class LocalAudience {
  readonly #config: Config;
  readonly #onError: (error: Error) => void;
  readonly #registry = new ClientRegistry();
  #redis: RedisClient | undefined;
  #dataKeys: KeyStore | undefined;
  #broadcaster: Broadcaster | undefined;
  #starting: Promise<void> | undefined;
  #isReady = false;
  #isClosed = false;

  constructor(config: Config, onError: (error: Error) => void) {
    this.#config = config;
    this.#onError = onError;
  }

  register(userId: string, ws: WebSocket): void {
    this.#registry.register(userId, ws);
    this.#starting ??= this.#start();
    // Whoever wants to know asks `ready`; the others are told by onError.
    this.#starting.catch(() => {});
  }

  unregister(userId: string): void {
    this.#registry.unregister(userId);
  }

  async ready(): Promise<void> {
    await this.#starting;
  }

  /** While it takes its place in the feed: what is tracked meanwhile waits for it, or a socket would miss it. */
  get pending(): Promise<void> | undefined {
    return this.#isReady ? undefined : this.#starting?.catch(() => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#broadcaster?.close();
    this.#redis?.disconnect();
    this.#dataKeys?.close();
  }

  async #start(): Promise<void> {
    try {
      const keys = keysOf(this.#config);
      const keyRing = await loadKeyRing(this.#config);
      if (this.#isClosed) return;
      const redis = connect(this.#config, 'patient', 'analytics-service-audience', this.#onError);
      this.#redis = redis;
      this.#dataKeys = keyRing.reading?.dataKeys;
      await checkKeyIdentity(redis, keys, keyRing);
      const broadcaster = createBroadcaster({
        redis,
        keys,
        keyRing,
        registry: this.#registry,
        queuePlace: queuePlaces(keys).events,
        onError: (error) => this.#report(error),
      });
      this.#broadcaster = broadcaster;
      await broadcaster.start();
      this.#isReady = true;
    } catch (error) {
      this.#redis?.disconnect();
      this.#dataKeys?.close();
      this.#starting = undefined;
      this.#report(error);
      throw error;
    }
  }

  #report(error: unknown): void {
    if (!this.#isClosed) this.#onError(error instanceof Error ? error : new Error('the broadcaster failed'));
  }
}
