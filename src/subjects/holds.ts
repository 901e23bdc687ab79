import { z } from 'zod';

import { LegalHoldError } from '../errors/LegalHoldError.js';
import type { Requester, SubjectContext } from './SubjectContext.js';

/** That a user's data may not be erased. */
export interface LegalHold {
  readonly userId: string;
  readonly reason: string;
  /** When it ends by itself, ms since 1970; absent where it has to be released. */
  readonly until?: number | undefined;
  /** ms since 1970. */
  readonly since: number;
  readonly by: string;
}

const holdSchema = z.object({ userId: z.string(), reason: z.string(), until: z.number().optional(), since: z.number(), by: z.string() });

type HoldContext = Pick<SubjectContext, 'redis' | 'keys' | 'secrets' | 'now'>;

/** Sets a hold, in the place of one that there was. */
export async function setHold({ redis, keys, secrets, now }: HoldContext, hold: Pick<LegalHold, 'userId' | 'reason' | 'until'>, by: Requester): Promise<void> {
  const field = secrets.fingerprints.subject(hold.userId);
  const kept: LegalHold = { ...hold, since: now(), by: by.subject };
  await redis.hset(keys.holds, field, secrets.fields.seal(holdPlace(field), JSON.stringify(kept)));
}

/** @returns whether there was one */
export async function releaseHold({ redis, keys, secrets }: HoldContext, userId: string): Promise<boolean> {
  return (await redis.hdel(keys.holds, secrets.fingerprints.subject(userId))) === 1;
}

/** All holds, those that are over too. @throws KeyError when one does not open */
export async function listHolds({ redis, keys, secrets }: HoldContext): Promise<LegalHold[]> {
  const holds: LegalHold[] = [];
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscanBuffer(keys.holds, cursor, 'COUNT', 500);
    for (let place = 0; place < fields.length; place += 2) holds.push(open(secrets, fields[place]!, fields[place + 1]!));
    cursor = next.toString();
  } while (cursor !== '0');
  return holds.sort((one, other) => one.since - other.since);
}

/** @throws LegalHoldError when the user's data are held now; KeyError when that cannot be told */
export async function refuseHeld({ redis, keys, secrets, now }: HoldContext, userId: string): Promise<void> {
  const field = secrets.fingerprints.subject(userId);
  const [sealed] = await redis.hmgetBuffer(keys.holds, field);
  if (sealed == null) return;
  const { until } = open(secrets, field, sealed);
  if (until === undefined || until > now()) throw new LegalHoldError(until);
}

function open(secrets: HoldContext['secrets'], field: Buffer, sealed: Buffer): LegalHold {
  return holdSchema.parse(JSON.parse(secrets.fields.open(holdPlace(field), sealed)));
}

/** What a hold's seal is bound to. */
export function holdPlace(field: Buffer): string {
  return `hold|${field.toString('hex')}`;
}
