import type { AuditLogKeys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import type { CheckpointFile } from '../checkpoints/CheckpointFile.js';
import { blockHeader, openElement, readElement, sealBlock } from '../chain/elements.js';

export interface TrimContext {
  readonly redis: RedisClient;
  readonly keys: AuditLogKeys;
  readonly secrets: AuditKeys;
  readonly file: Pick<CheckpointFile, 'append'>;
}

/**
 * Removes the blocks of a chain whose records are all older than `oldestKept`. First it is signed up to where, with the hash
 * of the last record that goes, so that the verifier knows where the chain may begin; and the block that is the first then
 * says so, for queries. The last block stays, and so does what is not in a block yet.
 * @returns how many records were removed
 */
export async function trimChain({ redis, keys, secrets, file }: TrimContext, chain: string, oldestKept: number): Promise<number> {
  let blocks = 0;
  let first: number | undefined;
  for (;;) {
    const block = await redis.lindexBuffer(keys.blocks(chain), blocks);
    if (block === null) return 0;
    const header = blockHeader(secrets, chain, block);
    first ??= header?.firstSeq ?? 0;
    const next = await redis.lindexBuffer(keys.blocks(chain), blocks + 1);
    if (next !== null && header !== undefined && header.latest < oldestKept) {
      blocks += 1;
      continue;
    }
    if (blocks === 0) return 0;
    const kept = readElement(openElement(secrets, chain, block));
    await file.append([{ kind: 'trimmed', chain, to: kept.firstSeq - 1, hash: kept.link }]);
    const done = await script('trimAudit').run(redis, {
      keys: [keys.blocks(chain), keys.changes],
      args: [chain, blocks, block, sealBlock(secrets, chain, kept, { isFirstKept: true })],
    });
    return done === 1 ? kept.firstSeq - first : 0;
  }
}
