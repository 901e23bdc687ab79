import { Command } from 'commander';

import { responsibilitiesOf, type Duty, type Responsibility } from '../checks/responsibilities.js';
import { parseConfig } from '../config/parseConfig.js';
import { formatTable } from './formatTable.js';

const WORDS: Readonly<Record<Duty, string>> = { service: 'on', nobody: 'OFF', operator: 'yours' };
const ORDER: readonly Duty[] = ['nobody', 'operator', 'service'];
const COLUMNS = ['', 'safeguard', 'rule (45 CFR)', 'how'];

const HELP = `
From the environment alone, as the service would read it: nothing is connected to, and no secret is printed. "on": the
service sees to it. "yours": whoever runs it does. "OFF": nobody does. It is no certification: docs/safeguards.md.

Examples:
  npm run -s responsibilities
  npm run -s responsibilities -- --markdown > responsibilities.md      # to go beside an agreement
  npm run -s responsibilities -- --strict                              # ends with code 1 if something is off`;

/** `responsibilities`: which safeguards a configuration turns on, and which are the operator's. */
export function createResponsibilitiesCommand(): Command {
  return new Command('responsibilities')
    .description('which safeguards this configuration turns on, and which are the operator’s')
    .option('--markdown', 'as a page', false)
    .option('--strict', 'end with code 1 if something is off', false)
    .addHelpText('after', HELP)
    .action(({ markdown, strict }: { markdown: boolean; strict: boolean }) => {
      const all = responsibilitiesOf(parseConfig()).toSorted((one, other) => ORDER.indexOf(one.duty) - ORDER.indexOf(other.duty));
      process.stdout.write(markdown ? pageOf(all) : `${formatTable(COLUMNS, all.map(cellsOf)).join('\n')}\n`);
      if (strict && all.some(({ duty }) => duty === 'nobody')) process.exitCode = 1;
    });
}

function cellsOf({ duty, safeguard, rule, how }: Responsibility): string[] {
  return [WORDS[duty], safeguard, rule, how];
}

function pageOf(all: readonly Responsibility[]): string {
  const lines = [COLUMNS, COLUMNS.map(() => '---'), ...all.map(cellsOf)].map((cells) => `| ${cells.join(' | ')} |`);
  return `# Who sees to which safeguard\n\n${lines.join('\n')}\n`;
}
