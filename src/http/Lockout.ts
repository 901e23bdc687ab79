import { isIPv6 } from 'node:net';

import { LRUCache } from 'lru-cache';

/** Keeps out for a while who sends one bad credential after another. One that processes share may take its place. */
export interface Lockout {
  /** Seconds to wait before another try; 0: go on. */
  waitSeconds(address: string): number | Promise<number>;
  /** A credential of this address was refused. */
  failed(address: string): void | Promise<void>;
}

const WINDOW_MS = 60_000;
const MOST_OF_ONE = 10;
const ADDRESSES = 10_000;

interface Failures {
  count: number;
  readonly endsAt: number;
}

/**
 * In the memory of one process: 10 refused credentials of one address within a minute. Each costs a check of a signature and a
 * record of audit, which is what this bounds; to guess 256 random bits is hopeless without it.
 */
export function createLockout(now: () => number = Date.now): Lockout {
  const failures = new LRUCache<string, Failures>({ max: ADDRESSES });
  const current = (key: string): Failures | undefined => {
    const found = failures.get(key);
    return found === undefined || now() >= found.endsAt ? undefined : found;
  };
  return {
    waitSeconds(address) {
      const found = current(networkOf(address));
      return found === undefined || found.count < MOST_OF_ONE ? 0 : Math.ceil((found.endsAt - now()) / 1000);
    },
    failed(address) {
      const key = networkOf(address);
      const found = current(key);
      if (found === undefined) failures.set(key, { count: 1, endsAt: now() + WINDOW_MS });
      else found.count += 1;
    },
  };
}

/** Of IPv6 the first 64 bits, since one subscriber has all the addresses behind them. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? first : [...first, ...Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0'), ...last];
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '')).join(':');
}
