/** `npm run threat-model`: whether docs/threat-model.md names everything that the code has, and nothing else. */
import { readFile } from 'node:fs/promises';

import { Command } from 'commander';

import { findGaps } from './findGaps.js';
import { readInventory } from './readInventory.js';

interface Options {
  readonly list: boolean;
}

const page = new URL('../../../../docs/threat-model.md', import.meta.url);

await new Command('threat-model')
  .description('Holds docs/threat-model.md against the code: every process, key pattern, port, connection, route, message, log stream, command, file and secret has a row there, and no row is of something that is gone.')
  .option('--list', 'print what the code has, by section, and compare nothing', false)
  .addHelpText(
    'after',
    `
The lists are the ones that the code works with itself: keys from src/redis/keys.ts, routes by walking the board's application
(Bull Board's included), variables from src/config/environment.ts, and so on. The column "Redis users" is compared with the
access lists, links have to lead somewhere, and tests that are quoted have to be there. Ends with code 1 where they disagree.
What is on in one installation, and what stays with its operator: npm run responsibilities.`,
  )
  .action(run)
  .parseAsync();

async function run({ list }: Options): Promise<void> {
  const inventory = await readInventory();
  if (list) {
    for (const { section, from, names } of inventory) process.stdout.write(`${section} (${from})\n${names.map((name) => `  ${name}\n`).join('')}`);
    return;
  }
  const gaps = findGaps(await readFile(page, 'utf8'), page, inventory);
  const count = inventory.reduce((sum, { names }) => sum + names.length, 0);
  process.stdout.write(gaps.length === 0 ? `docs/threat-model.md has all ${count} things that the code has, and no others.\n` : `docs/threat-model.md and the code disagree:\n${gaps.map((gap) => `- ${gap}\n`).join('')}`);
  if (gaps.length > 0) process.exitCode = 1;
}
