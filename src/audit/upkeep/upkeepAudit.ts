import { oldestKeptAt } from '../../config/retention.js';
import type { Config } from '../../config/parseConfig.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import type { KeyRing } from '../../security/KeyRing.js';
import { readHeads } from '../chain/chooseChain.js';
import { CheckpointFile } from '../checkpoints/CheckpointFile.js';
import { auditFolder, openAuditLog } from '../openAuditLog.js';
import { packChain } from './packChain.js';
import { trimChain } from './trimChain.js';

export interface AuditUpkeep {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  /** Default: the clock. */
  readonly now?: () => number;
}

/** What packing may take: 300,000 records. What it leaves is for the next one. */
const MOST_PACKING_MS = 10_000;

/**
 * Packs what was appended to the chains into blocks.
 * @param signal ends it between two blocks
 * @returns how many records were packed
 * @throws BrokenChainError for a chain that is not as it was written, after the others were packed
 */
export async function packAudit({ redis, keys, keyRing }: AuditUpkeep, signal?: AbortSignal): Promise<number> {
  const secrets = keyRing.reading?.audit;
  if (secrets === undefined) return 0;
  const endAt = performance.now() + MOST_PACKING_MS;
  const isLate = (): boolean => signal?.aborted === true || performance.now() >= endAt;
  return eachChain(redis, keys, (chain) => packChain({ redis, keys: keys.audit, secrets, isLate }, chain));
}

/**
 * Removes records that are older than the configuration keeps them, and records how many.
 * @throws AnalyticsError for a chain that does not open, after the others; AuditError
 */
export async function trimAudit({ redis, keys, keyRing, now = Date.now }: AuditUpkeep, config: Pick<Config, 'ANALYTICS_AUDIT_DAYS' | 'ANALYTICS_AUDIT_DIR' | 'ANALYTICS_DATA_DIR'>): Promise<number> {
  const secrets = keyRing.reading?.audit;
  if (secrets === undefined) return 0;
  const file = new CheckpointFile({ folder: auditFolder(config), keys: secrets, now });
  const oldestKept = oldestKeptAt(config.ANALYTICS_AUDIT_DAYS, now());
  let removed = 0;
  try {
    removed = await eachChain(redis, keys, (chain) => trimChain({ redis, keys: keys.audit, secrets, file }, chain, oldestKept));
  } finally {
    await file.close();
  }
  if (removed > 0) {
    const log = openAuditLog(config, { redis, keys, keyRing, onError: () => {} });
    await log.record({ actor: { subject: 'retention', roles: [], via: 'worker' }, operation: 'audit.trim', outcome: 'allowed', purpose: 'operations', count: removed });
    await log.close();
  }
  return removed;
}

/** One broken chain must not keep the others from being looked after. */
async function eachChain(redis: RedisClient, keys: Keys, work: (chain: string) => Promise<number>): Promise<number> {
  let sum = 0;
  let fault: AnalyticsError | undefined;
  for (const chain of (await readHeads(redis, keys.audit.heads)).keys()) {
    try {
      sum += await work(chain);
    } catch (error) {
      if (!(error instanceof AnalyticsError)) throw error;
      fault ??= error;
    }
  }
  if (fault !== undefined) throw fault;
  return sum;
}
