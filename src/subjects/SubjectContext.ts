import type { Queue } from 'bullmq';

import type { AuditActor } from '../audit/AuditLog.js';
import type { Backups } from '../backup/openBackups.js';
import type { TypeClasses } from '../contract/dataClasses.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing, ReadingKeys } from '../security/KeyRing.js';

/** What the rights of a person are exercised with. */
export interface SubjectContext {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  /** `keyRing.reading`: a process that only produces can do nothing of this. */
  readonly secrets: ReadingKeys;
  /** The queues of events and of samples. */
  readonly events: Queue;
  readonly metrics: Queue;
  /** The folder of spools on this host; undefined where there is none. */
  readonly spoolDir: string | undefined;
  /** The backups that are kept of this store; undefined where there are none. */
  readonly backups?: (Pick<Backups, 'addHours' | 'keepErasures'> & { /** Names the folder that their data keys lie in. */ keysId(): Promise<string> }) | undefined;
  /** What is declared of a type's members: it says what anonymising leaves. */
  readonly classesOf: (type: string) => TypeClasses;
  readonly now: () => number;
  /** How long an erasure waits for other processes to forget what they hold, ms. Default: as long as they may use it, 2,000. */
  readonly purgedAfterMs?: number | undefined;
}

/** Who asks: it is kept with a hold and in a receipt, sealed. */
export type Requester = Pick<AuditActor, 'subject' | 'via'>;
