import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script } from '../redis/Script.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { doors, failureMark, type FailureKind } from './failureMark.js';

interface Place {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly fingerprints: Pick<Fingerprints, 'failure'>;
}

/** Forgets the failures of a person, or from an address, at every door, and that there were locks. @returns whether there were any */
export async function forgiveFailures({ redis, keys, fingerprints }: Place, whom: Readonly<Partial<Record<FailureKind, string | undefined>>>): Promise<boolean> {
  const { failures, forgotten, locked } = keys.lockOut;
  const kinds: readonly FailureKind[] = ['person', 'address'];
  const marks = kinds.flatMap((kind) => {
    const value = whom[kind];
    return value === undefined ? [] : doors.map((door) => failureMark(fingerprints, door, kind, value));
  });
  const found = await script('forgetFailures').runMany(redis, marks.map((mark) => ({ keys: [failures, forgotten, locked], args: [mark, 1] })));
  return found.includes(1);
}
