import { ConfigurationError } from '../../errors/ConfigurationError.js';
import { KeyError } from '../../errors/KeyError.js';
import type { KeyEntry, KeyList } from './KeyList.js';
import type { KeyProvider } from './KeyProvider.js';
import { bytesOf } from './parseKeyList.js';

/** How long a key service may take for one key. */
const MOST_MS = 10_000;

/**
 * Unwraps what is wrapped, and sorts the keys by what they may do.
 *
 * @param name what holds the list
 * @throws ConfigurationError when there is nobody to unwrap; KeyError `KEY_UNAVAILABLE` when the provider does not
 */
export async function openKeyList(name: string, entries: readonly KeyEntry[], provider: KeyProvider | undefined): Promise<KeyList> {
  if (provider === undefined && entries.some(({ isWrapped }) => isWrapped)) {
    throw new ConfigurationError([`${name}: holds a wrapped key. Set ANALYTICS_KEY_PROVIDER to the module that unwraps it.`]);
  }
  const opened = await Promise.all(entries.map(async (entry) => ({ ...entry, bytes: await open(entry, provider) })));
  const of = (use: KeyEntry['use']): Buffer[] => opened.flatMap((entry) => (entry.use === use ? [entry.bytes] : []));
  const [current, ...older] = of('key');
  return { current: current!, older, next: of('next'), lasting: of('lasting')[0] }; // parseKeyList saw to it that there is one
}

async function open({ use, isWrapped, bytes }: KeyEntry, provider: KeyProvider | undefined): Promise<Buffer> {
  if (!isWrapped || provider === undefined) return bytes;
  const late = AbortSignal.timeout(MOST_MS);
  const lateness = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(new Error('late')), { once: true });
  });
  let key: Uint8Array;
  try {
    key = await Promise.race([provider.unwrap(bytes), lateness]);
  } catch {
    // No cause: what a provider throws may hold what it was given, or a token.
    throw new KeyError('KEY_UNAVAILABLE', `The key provider did not unwrap a key within ${MOST_MS / 1000} s. Is the key service there, and may this process use the key?`);
  }
  if (key.length !== bytesOf(use)) throw new KeyError('KEY_UNAVAILABLE', `The key provider unwrapped ${key.length} bytes; a key has ${bytesOf(use)}.`);
  return Buffer.from(key);
}
