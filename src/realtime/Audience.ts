import type { Fingerprints } from '../security/Fingerprints.js';
import type { ClientRegistry, UserWatcher } from './ClientRegistry.js';

const DAY_MS = 86_400_000;
/** Today, yesterday around midnight, and one that a replay goes back to. */
const DAYS_KEPT = 3;
const FINGERPRINT_BYTES = 4;

/** Knows from fingerprints alone whether somebody connected may be in a chunk, so that others' chunks stay sealed. */
export class Audience implements UserWatcher {
  readonly #registry: ClientRegistry;
  readonly #fingerprints: Fingerprints;
  /** Day → fingerprint → connected users that have it. */
  readonly #days = new Map<number, Map<number, number>>();
  readonly #unwatch: () => void;

  constructor(registry: ClientRegistry, fingerprints: Fingerprints) {
    this.#registry = registry;
    this.#fingerprints = fingerprints;
    this.#unwatch = registry.watch(this);
  }

  /**
   * @param users 4 bytes a user, as the feed has them
   * @param storedAt ms since the epoch: fingerprints are made under a key of its UTC day
   */
  mayBeIn(users: Buffer, storedAt: number): boolean {
    if (this.#registry.userCount === 0) return false;
    const connected = this.#day(Math.floor(storedAt / DAY_MS));
    for (let at = 0; at + FINGERPRINT_BYTES <= users.length; at += FINGERPRINT_BYTES) {
      if (connected.has(users.readUInt32LE(at))) return true;
    }
    return false;
  }

  userAdded(userId: string): void {
    for (const [day, users] of this.#days) this.#add(users, userId, day);
  }

  userRemoved(userId: string): void {
    for (const [day, users] of this.#days) {
      const fingerprint = this.#of(userId, day);
      const left = (users.get(fingerprint) ?? 0) - 1;
      if (left > 0) users.set(fingerprint, left);
      else users.delete(fingerprint);
    }
  }

  close(): void {
    this.#unwatch();
    this.#days.clear();
  }

  #day(day: number): Map<number, number> {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const users = new Map<number, number>();
    for (const userId of this.#registry.users()) this.#add(users, userId, day);
    this.#days.set(day, users);
    for (const oldest of this.#days.keys()) {
      if (this.#days.size <= DAYS_KEPT) break;
      this.#days.delete(oldest);
    }
    return users;
  }

  #add(users: Map<number, number>, userId: string, day: number): void {
    const fingerprint = this.#of(userId, day);
    users.set(fingerprint, (users.get(fingerprint) ?? 0) + 1);
  }

  #of(userId: string, day: number): number {
    return this.#fingerprints.user(userId, day).readUInt32LE(0);
  }
}
