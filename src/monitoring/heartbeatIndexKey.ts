import type { Keys } from '../redis/keys.js';

/**
 * Set: the ids of the heartbeats, some of which may have expired. A SCAN for them would walk every job that waits, and on
 * Redis Cluster one node only. No id can be this word: an id has a '-'.
 */
export function heartbeatIndexKey(keys: Keys): string {
  return keys.heartbeat('index');
}
