import { AuditError } from '../errors/AuditError.js';
import { withDeadline } from '../lib/services/analytics/withDeadline.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { AuditKeys } from '../security/AuditKeys.js';
import type { AuditLog } from './AuditLog.js';
import { contentOf } from './AuditRecord.js';
import { PseudonymLists } from './PseudonymLists.js';
import { readHeads } from './chain/chooseChain.js';
import { ChainWriter } from './chain/ChainWriter.js';
import { CheckpointFile } from './checkpoints/CheckpointFile.js';
import { Checkpointer } from './checkpoints/Checkpointer.js';

export interface AuditLogOptions {
  /** Borrowed: who opened it closes it, after the log. */
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** `keyRing.reading.audit`. */
  readonly secrets: AuditKeys;
  /** Where checkpoints are kept; made when it is not there. */
  readonly folder: string;
  /** Told when a checkpoint could not be written; it is tried again. */
  readonly onError?: (error: Error) => void;
  /** ms that an append may take before its records are refused. Default: 1000. */
  readonly deadlineMs?: number;
  /** Default: the clock. */
  readonly now?: () => number;
}

const DEADLINE_MS = 1000;
/** For the folder, which is made and synced to disk once: a busy disk took more than 5 s. Calls end by their own deadline before that. */
const PREPARE_MS = 15_000;

/** The audit log of this process. One for each connection is enough: it goes on with a chain that nobody writes to. */
export function createAuditLog({ redis, keys, secrets, folder, onError = () => {}, deadlineMs = DEADLINE_MS, now = Date.now }: AuditLogOptions): AuditLog {
  const file = new CheckpointFile({ folder, keys: secrets, now });
  const checkpointer = new Checkpointer({ file, readHeads: () => readHeads(redis, keys.audit.heads), onError });
  const writer = new ChainWriter({ redis, keys, secrets, deadlineMs, now, onAppended: (chain, from, hashes) => checkpointer.note(chain, from, hashes) });
  const lists = new PseudonymLists((userId) => secrets.pseudonymText(userId));
  const pseudonymsOf = (userIds: readonly string[]): readonly string[] => lists.of(userIds);
  let isPrepared = false;
  let isClosed = false;
  let closing: Promise<void> | undefined;

  // Nothing is recorded that could not be anchored later: better to find out at the first record than five minutes later.
  const prepare = async (): Promise<void> => {
    try {
      await withDeadline(file.prepare(), PREPARE_MS, () => new Error('late'));
    } catch (cause) {
      throw new AuditError(`its folder ${file.folder} takes no files. Let this process write there, or set ANALYTICS_AUDIT_DIR.`, { cause });
    }
    isPrepared = true;
  };

  return {
    async record(entry) {
      if (isClosed) throw new AuditError('it is closed.');
      if (!isPrepared) await prepare();
      if (checkpointer.isOverdue) throw new AuditError(`its checkpoints could not be written to ${file.folder} for five minutes. Is the disk full?`);
      await writer.append(contentOf(entry, pseudonymsOf, now()));
    },
    close() {
      isClosed = true;
      closing ??= (async () => {
        await writer.settled();
        await checkpointer.close();
        await file.close();
      })();
      return closing;
    },
  };
}
