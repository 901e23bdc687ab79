import { parseFeedEntry, type FeedEntry } from '../../realtime/feedEntry.js';
import type { ErasureRun } from '../ErasureRun.js';

const DAY_MS = 86_400_000;
const PAGE = 1000;
const HASH_BYTES = 4;

/**
 * Removes the entries of a type's feed that name somebody: they hold a keyed hash of each user, which cannot be taken out
 * of an entry. Broadcasters have long passed them; one that has not tells its clients that they missed something.
 *
 * @param upTo the offset of the last event that may be theirs
 * @returns how many there were
 */
export async function eraseFeed(run: ErasureRun, type: string, upTo: number): Promise<number> {
  let removed = 0;
  for await (const entries of feedEntriesOf(run, type, upTo)) {
    if (entries.length > 0) removed += await run.redis.xdel(run.keys.event(type).feed, ...entries.map(({ offset }) => `${offset}-0`));
  }
  return removed;
}

/** How many entries of a type's feed name somebody. */
export async function countFeed(run: Pick<ErasureRun, 'redis' | 'keys' | 'secrets' | 'userId' | 'throwIfAborted'>, type: string, upTo: number): Promise<number> {
  let found = 0;
  for await (const entries of feedEntriesOf(run, type, upTo)) found += entries.length;
  return found;
}

async function* feedEntriesOf(
  { redis, keys, secrets, userId, throwIfAborted }: Pick<ErasureRun, 'redis' | 'keys' | 'secrets' | 'userId' | 'throwIfAborted'>,
  type: string,
  upTo: number,
): AsyncGenerator<FeedEntry[]> {
  let from = '-';
  for (;;) {
    throwIfAborted();
    const raw = await redis.xrangeBuffer(keys.event(type).feed, from, String(upTo), 'COUNT', PAGE);
    const entries = raw.flatMap((one) => parseFeedEntry(type, one) ?? []);
    yield entries.filter(({ users, storedAt }) => namesUser(users, secrets.fingerprints.user(userId, Math.floor(storedAt / DAY_MS))));
    const last = raw.at(-1);
    if (last === undefined || raw.length < PAGE) return;
    from = `(${last[0].toString()}`;
  }
}

function namesUser(users: Buffer, hash: Buffer): boolean {
  for (let at = 0; at < users.length; at += HASH_BYTES) if (hash.equals(users.subarray(at, at + HASH_BYTES))) return true;
  return false;
}
