import { ConfigurationError } from '../../errors/ConfigurationError.js';
import { KEY_BYTES, LASTING_BYTES, type KeyEntry } from './KeyList.js';

/** What a wrapped key may have at most: services answer with some hundred bytes. */
const MOST_WRAPPED_BYTES = 8192;
const ENTRY = /^(next:|lasting:)?(wrapped:)?([A-Za-z0-9+/_=-]+)$/;

/**
 * The entries of a list of keys: base64 of 32 bytes each, separated by commas or white space, the current one first.
 * `next:` before a key lets it open only until it comes first, `lasting:` names the keys that stay, `wrapped:` what the key
 * provider has to unwrap. Lines that begin with '#' are for people.
 *
 * @param name what holds the list: stands in errors, the list never does
 * @throws ConfigurationError
 */
export function parseKeyList(name: string, text: string): KeyEntry[] {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const words = lines.join('\n').split(/[\s,]+/).filter((word) => word !== '');
  const entries = words.map((word, place) => parseEntry(words.length === 1 ? name : `${name}: entry ${place + 1}`, word));
  const count = (use: KeyEntry['use']): number => entries.filter((entry) => entry.use === use).length;
  if (count('key') === 0) throw new ConfigurationError([`${name}: must hold a key that seals: base64 of exactly ${KEY_BYTES} bytes, without next: before it.`]);
  if (count('lasting') > 1) throw new ConfigurationError([`${name}: must hold lasting: once at most.`]);
  return entries;
}

/** The text that `parseKeyList` reads. */
export function formatKeyEntry({ use, isWrapped, bytes }: KeyEntry): string {
  return `${use === 'key' ? '' : `${use}:`}${isWrapped ? 'wrapped:' : ''}${bytes.toString('base64')}`;
}

function parseEntry(name: string, word: string): KeyEntry {
  const [, use, wrapped, text = ''] = ENTRY.exec(word) ?? [];
  const entry: KeyEntry = { use: use === 'next:' ? 'next' : use === 'lasting:' ? 'lasting' : 'key', isWrapped: wrapped !== undefined, bytes: Buffer.from(text, 'base64') };
  // Buffer.from skips what is not base64, so only a text that comes back the same was well formed.
  const isBase64 = entry.bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  if (entry.isWrapped ? !isBase64 || entry.bytes.length === 0 || entry.bytes.length > MOST_WRAPPED_BYTES : !isBase64 || entry.bytes.length !== bytesOf(entry.use)) {
    throw new ConfigurationError([`${name}: must be base64 of exactly ${bytesOf(entry.use)} bytes${entry.isWrapped ? ', wrapped' : ''}.`]);
  }
  return entry;
}

export function bytesOf(use: KeyEntry['use']): number {
  return use === 'lasting' ? LASTING_BYTES : KEY_BYTES;
}
