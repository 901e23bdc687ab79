/** `npm run bench`: measures this service beside its peers and says whether the targets are met. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

import { Command, InvalidArgumentError } from 'commander';

import { acknowledged } from './rows/acknowledged.js';
import { endToEnd } from './rows/endToEnd.js';
import { memory } from './rows/memory.js';
import { openLoop } from './rows/openLoop.js';
import type { Row } from './rows/Row.js';
import type { Suite } from './rows/Suite.js';
import { formatRows } from './support/formatRows.js';
import { writeSampleLog } from './support/writeSampleLog.js';

const suites: readonly Suite[] = [endToEnd, memory, acknowledged, openLoop];
const ids = suites.flatMap((suite) => suite.ids);

const program = new Command('bench')
  .description('Measures this service beside its peers: each on a Redis of its own, in processes of its own, in turns.')
  .option('--json <file>', 'write the rows there as JSON')
  .option('--only <id>', `measure this row only; may be given several times (${ids.join(', ')})`, collect, [])
  .option('--rounds <n>', 'how often each contestant runs; the table has the median of all rounds', parseRounds, 5)
  .option('--quick', 'small numbers, to see that everything works; the figures mean nothing', false)
  .option('--log <file>', 'the access log (combined format) that is replayed for `bytes`; a made-up one if none is given')
  .addHelpText('after', '\nEnds with code 1 if a row misses its target; with --quick only if something was lost or refused.')
  .action(run);

await program.parseAsync();

interface Options {
  readonly json?: string;
  readonly only: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly log?: string;
}

async function run({ json, only, rounds, quick, log }: Options): Promise<void> {
  const unknown = only.filter((id) => !ids.includes(id));
  if (unknown.length > 0) program.error(`There is no row ${unknown.join(', ')}. The rows are ${ids.join(', ')}.`);
  const wanted = new Set(only.length > 0 ? only : ids);
  if (log !== undefined && !existsSync(log)) program.error(`There is no file ${log}.`);
  const sample = log === undefined ? await writeSampleLog() : undefined;
  const logFile = log ?? sample!.file; // one of the two is there

  say(`Node ${process.version}, ${availableParallelism()} cores${quick ? ', quick: the figures mean nothing' : ''}`);
  const rows: Row[] = [];
  for (const suite of suites) {
    if (!suite.ids.some((id) => wanted.has(id))) continue;
    rows.push(...(await suite.run({ wanted, isQuick: quick, rounds: quick ? 1 : rounds, logFile, say })));
  }
  await sample?.remove();
  process.stdout.write(formatRows(rows));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(rows, null, 2)}\n`);
  if (rows.some(({ pass, sound }) => !(quick ? sound : pass))) process.exitCode = 1;
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) throw new InvalidArgumentError('It has to be a whole number above 0.');
  return rounds;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function collect(id: string, earlier: readonly string[]): string[] {
  return [...earlier, id];
}
