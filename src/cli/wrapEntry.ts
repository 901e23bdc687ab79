import { parseConfig } from '../config/parseConfig.js';
import type { KeyEntry } from '../security/keylist/KeyList.js';
import { loadKeyProvider } from '../security/keylist/loadKeyProvider.js';

/** An entry as it may lie on a disk: wrapped where there is a key provider. */
export async function wrapEntry(use: KeyEntry['use'], bytes: Buffer): Promise<KeyEntry> {
  const { ANALYTICS_KEY_PROVIDER: specifier } = parseConfig();
  if (specifier === undefined) return { use, isWrapped: false, bytes };
  const provider = await loadKeyProvider(specifier);
  return { use, isWrapped: true, bytes: Buffer.from(await provider.wrap(bytes)) };
}
