import type { BackupContext } from './BackupContext.js';
import { chainOf, globalHashes } from './capture/captureGlobals.js';
import { restoreErased } from './KeptErasures.js';
import { writeFields } from './restoreCell.js';
import type { HeldCell } from './walkBackup.js';

/** Puts back what belongs to no series. Safe to repeat. */
export async function restoreGlobal({ redis, keys }: Pick<BackupContext, 'redis' | 'keys'>, { cell, name: { name, section } }: HeldCell): Promise<void> {
  const hash = globalHashes(keys)[name];
  if (hash === keys.erased) {
    await restoreErased(redis, keys, cell.fields);
    return;
  }
  if (hash !== undefined) {
    await writeFields(redis, hash, cell.fields);
    return;
  }
  const chain = chainOf(name);
  if (chain === undefined) return;
  const list = section === 'tail' ? keys.audit.tail(chain) : keys.audit.blocks(chain);
  const head = cell.fields.find(([field]) => field.toString() === 'head');
  const elements = cell.fields.filter((field) => field !== head);
  const { from = 0 } = cell.values;
  // Pages come in their order: where there is more, a restore that was killed had put this one back.
  const missing = elements.slice(Math.max(0, (await redis.llen(list)) - from));
  if (missing.length > 0) await redis.rpush(list, ...missing.map(([, element]) => element));
  // Last: a chain that no head names is not there.
  if (head !== undefined) await redis.hset(keys.audit.heads, chain, head[1]);
}
