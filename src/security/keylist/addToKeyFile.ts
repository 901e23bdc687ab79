import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';

import { ConfigurationError } from '../../errors/ConfigurationError.js';
import { readSecret } from '../secretFile.js';
import type { KeyEntry } from './KeyList.js';
import { formatKeyEntry, parseKeyList } from './parseKeyList.js';

/**
 * Adds an entry to a file with a list of keys, made with mode 0600 if it is not there. What stood in it stays, comments
 * too; readers see the old file or the new one.
 *
 * @param where `first`: it is the current key from now on
 * @throws ConfigurationError when the file holds something else than a list of keys, or would afterwards; it is left alone
 */
export async function addToKeyFile(file: string, entry: KeyEntry, where: 'first' | 'last', note: string): Promise<void> {
  const before = (await readSecret(file)) ?? '';
  if (before !== '') parseKeyList(file, before);
  const lines = `# ${note}\n${formatKeyEntry(entry)}`;
  await replaceList(file, (where === 'first' ? [lines, before] : [before, lines]).filter((text) => text !== '').join('\n'));
}

/** Makes the `next:` entry of a file with a list of keys the current one. @throws ConfigurationError where there is none; the file is left alone */
export async function putNextFirst(file: string): Promise<void> {
  const before = (await readSecret(file)) ?? '';
  const next = parseKeyList(file, before).find(({ use }) => use === 'next');
  if (next === undefined) throw new ConfigurationError([`${file}: holds no entry that begins with next:.`]);
  await replaceList(file, `${formatKeyEntry({ ...next, use: 'key' })}\n${before.replace(formatKeyEntry(next), '').replace(/\n{2,}/g, '\n')}`);
}

async function replaceList(file: string, text: string): Promise<void> {
  parseKeyList(file, text);
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, `${text.trimEnd()}\n`, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
