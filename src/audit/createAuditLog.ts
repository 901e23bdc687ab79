import { AuditError } from '../errors/AuditError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { AuditKeys } from '../security/AuditKeys.js';
import type { AuditLog } from './AuditLog.js';
import { contentOf } from './AuditRecord.js';
import { ChainWriter } from './chain/ChainWriter.js';

export interface AuditLogOptions {
  /** Borrowed: who opened it closes it, after the log. */
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** `keyRing.reading.audit`. */
  readonly secrets: AuditKeys;
  /** ms that an append may take before its records are refused. Default: 1000. */
  readonly deadlineMs?: number;
  /** Default: the clock. */
  readonly now?: () => number;
}

const DEADLINE_MS = 1000;

/** The audit log of this process. One for each connection is enough: it goes on with a chain that nobody writes to. */
export function createAuditLog({ redis, keys, secrets, deadlineMs = DEADLINE_MS, now = Date.now }: AuditLogOptions): AuditLog {
  const writer = new ChainWriter({ redis, keys, secrets, deadlineMs, now });
  const pseudonym = (userId: string): Buffer => secrets.pseudonym(userId);
  let isClosed = false;
  return {
    async record(entry) {
      if (isClosed) throw new AuditError('It is closed.');
      await writer.append(contentOf(entry, pseudonym, now()));
    },
    async close() {
      isClosed = true;
      await writer.settled();
    },
  };
}
