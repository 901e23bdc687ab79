import { KeyError } from '../errors/KeyError.js';
import { countKeyUse, type KeyUse } from './countKeyUse.js';
import type { RekeyRun } from './RekeyRun.js';

/**
 * Notes down that a key is needed no longer, so that processes start without it. All of them have to seal under another one
 * by then.
 *
 * @param publicId the id of the public key that goes with it
 * @param acceptsLoss also where something is under it, which nobody can open without it: for a key that is lost
 * @returns what was under it
 * @throws KeyError `KEY_UNAVAILABLE` where something is under it, or it is none of this data's, or the current one; nothing was changed
 */
export async function retireKey(run: Pick<RekeyRun, 'redis' | 'keys' | 'secrets'>, publicId: string, acceptsLoss = false): Promise<KeyUse> {
  const { redis, keys } = run;
  const use = (await countKeyUse(run)).find((one) => one.publicId === publicId);
  if (use === undefined) throw new KeyError('KEY_UNAVAILABLE', `There is no key ${publicId} here. "npm run keys -- status" lists those that there are.`);
  if (use.use === 'current') throw new KeyError('KEY_UNAVAILABLE', `Key ${publicId} is the current one: put another one before it first. See docs/keys.md.`);
  if (use.dataKeys + use.fields > 0 && !acceptsLoss) {
    throw new KeyError(
      'KEY_UNAVAILABLE',
      `There are ${use.dataKeys} data keys and ${use.fields} fields under key ${publicId}: run "npm run keys -- rotate" first. What was merged or written anew ` +
        'stays for ten minutes, until the next clean-up. If the key is lost, --accept-loss lets processes start without it.',
    );
  }
  await redis.hdel(keys.keyIdentity, `key:${use.keyEncryptionId}`, `opens:${publicId}`);
  return use;
}
