import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Command, InvalidArgumentError } from 'commander';

import { parseConfig } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { formatKeyEntry } from '../security/keylist/parseKeyList.js';
import { joinShares } from '../security/keyshares/joinShares.js';
import { formatKeyShare, parseKeyShare, type KeyShare } from '../security/keyshares/KeyShare.js';
import { splitKeys } from '../security/keyshares/splitKeys.js';
import { loadKeyList } from '../security/loadKeyRing.js';
import { readLines } from './readSecretLine.js';
import { wrapEntry } from './wrapEntry.js';

/** `keys split`: shares for several people, none of whom has the keys alone. */
export function createSplit(): Command {
  return new Command('split')
    .description('split the list of keys into shares, a file each, of which some restore it: for when every copy of the list is lost')
    .requiredOption('--dir <folder>', 'where the shares are written, mode 0600; none is overwritten')
    .option('--shares <n>', 'how many', parseWhole, 3)
    .option('--threshold <n>', 'how many of them restore the list', parseWhole, 2)
    .action(async ({ dir, shares: count, threshold }: { dir: string; shares: number; threshold: number }) => {
      const list = await loadKeyList(parseConfig());
      if (list === undefined) throw new ConfigurationError(['ANALYTICS_ENCRYPTION_KEY: a list of keys is needed to split it. Set it, or ANALYTICS_ENCRYPTION_KEY_FILE.']);
      const shares = await splitKeys(list, { shares: count, threshold });
      await mkdir(dir, { recursive: true, mode: 0o700 });
      for (const share of shares) await writeShare(dir, share);
      process.stderr.write(`${count} shares of key ${shares[0]!.keyId} are in ${dir}; any ${threshold} restore it. Give each to somebody else, and rehearse: npm run keys -- join --check\n`); // two at least
    });
}

/** `keys join`: the list again, from shares. */
export function createJoin(): Command {
  return new Command('join')
    .description('restore the list of keys from shares: from files, or from the standard input, a line each')
    .argument('[files...]', 'files with shares; without, the standard input')
    .option('--file <file>', 'where the list is written, mode 0600; it must not be there yet')
    .option('--check', 'write nothing: say which key the shares restore')
    .action(async (files: readonly string[], { file, check }: { file?: string; check?: true }, command: Command) => {
      if ((file === undefined) === (check === undefined)) command.error('error: give --file or --check');
      const { keyId, entries } = await joinShares(await readShares(files));
      if (file !== undefined) {
        const kept = await Promise.all(entries.map(async ({ use, bytes }) => wrapEntry(use, bytes)));
        const lines = [`# key ${keyId}, restored from shares ${new Date().toISOString().slice(0, 10)}`, ...kept.map(formatKeyEntry)];
        await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
      }
      process.stderr.write(`The shares restore key ${keyId} and ${entries.length - 1} more ${entries.length === 2 ? 'entry' : 'entries'}.${file === undefined ? ' Nothing was written.' : ` They are in ${file}.`}\n`);
    });
}

async function writeShare(dir: string, share: KeyShare): Promise<void> {
  const { number, of, threshold, keyId, splitId } = share;
  const note = `# Share ${number} of ${of} of key ${keyId}, split ${splitId}. Any ${threshold} restore the keys: npm run keys -- join`;
  await writeFile(path.join(dir, `${keyId}-${splitId}-${number}-of-${of}.share`), `${note}\n${formatKeyShare(share)}\n`, { mode: 0o600, flag: 'wx' });
}

async function readShares(files: readonly string[]): Promise<KeyShare[]> {
  if (files.length === 0) return parseLines('line', await readLines(process.stdin));
  const texts = await Promise.all(files.map(async (file) => readFile(file, 'utf8')));
  return texts.flatMap((text, place) => parseLines(`file ${place + 1}, line`, text.split('\n')));
}

function parseLines(where: string, lines: readonly string[]): KeyShare[] {
  return lines.flatMap((line, place) => (line.trim() === '' || line.startsWith('#') ? [] : [parseKeyShare(`${where} ${place + 1}`, line.trim())]));
}

function parseWhole(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number.');
  return Number(text);
}
