import { KEY_ID_BYTES } from '../security/NamedKeys.js';
import { storedSeries } from '../storage/storedSeries.js';
import { keyStoresOf, type RekeyRun } from './RekeyRun.js';
import { sealedFields } from './sealedFields.js';

/** How much is under one key. */
export interface KeyUse {
  /** The id of the public key that goes with it; undefined for a key that this process neither holds nor knows of. */
  readonly publicId: string | undefined;
  /** What this process may do with it; `absent`: it does not hold it. */
  readonly use: 'current' | 'older' | 'next' | 'absent';
  readonly keyEncryptionId: string | undefined;
  readonly dataKeys: number;
  readonly fields: number;
}

/** What is under which key, the current one first. Reads every wrapped key. */
export async function countKeyUse({ redis, keys, secrets }: Pick<RekeyRun, 'redis' | 'keys' | 'secrets'>): Promise<KeyUse[]> {
  const dataKeys = new Map<string, number>();
  for (const series of await storedSeries(redis, keys)) {
    for (const store of keyStoresOf(secrets)) {
      let cursor = '0';
      do {
        const page = await store.scan(redis, series.keys, cursor);
        for (const [, wrappedKey] of page.keys) count(dataKeys, wrappedKey.subarray(0, KEY_ID_BYTES));
        ({ cursor } = page);
      } while (cursor !== '0');
    }
  }
  const fields = new Map<string, number>();
  // A format byte stands before the id.
  for await (const page of sealedFields(redis, keys)) for (const { sealed } of page) count(fields, sealed.subarray(1, 1 + KEY_ID_BYTES));

  const uses: KeyUse[] = secrets.held.map(({ publicId, use, keyEncryptionId, fieldId }) => ({
    publicId,
    use,
    keyEncryptionId,
    dataKeys: take(dataKeys, keyEncryptionId),
    fields: take(fields, fieldId),
  }));
  const known = await redis.hgetall(keys.keyIdentity);
  const noted = Object.keys(known).flatMap((field) => (field.startsWith('key:') ? [field.slice(4)] : []));
  for (const keyEncryptionId of new Set([...noted, ...dataKeys.keys()])) {
    if (secrets.held.some((held) => held.keyEncryptionId === keyEncryptionId)) continue;
    uses.push({ publicId: known[`key:${keyEncryptionId}`], use: 'absent', keyEncryptionId, dataKeys: take(dataKeys, keyEncryptionId), fields: 0 });
  }
  for (const [, under] of fields) uses.push({ publicId: undefined, use: 'absent', keyEncryptionId: undefined, dataKeys: 0, fields: under });
  return uses;
}

function count(counts: Map<string, number>, id: Buffer): void {
  const name = id.toString('hex');
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function take(counts: Map<string, number>, name: string): number {
  const found = counts.get(name) ?? 0;
  counts.delete(name);
  return found;
}
