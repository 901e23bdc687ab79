/** `npm run bench`: measures this service beside its peers and says whether the targets are met. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

import { Command, InvalidArgumentError } from 'commander';

import { drawPlots } from './report/drawPlots.js';
import { formatRows } from './report/formatRows.js';
import { formatTable, putTable } from './report/formatTable.js';
import { acknowledged } from './rows/acknowledged.js';
import { audit } from './rows/audit.js';
import { auditCost } from './rows/auditCost.js';
import { endToEnd } from './rows/endToEnd.js';
import { memory } from './rows/memory.js';
import { metricIngest } from './rows/metricIngest.js';
import { metricReading } from './rows/metricReading.js';
import { openLoop } from './rows/openLoop.js';
import { poison } from './rows/poison.js';
import { reading } from './rows/reading.js';
import type { Row } from './rows/Row.js';
import type { Suite } from './rows/Suite.js';
import { writeSampleLog } from './support/writeSampleLog.js';

const suites: readonly Suite[] = [endToEnd, acknowledged, openLoop, memory, reading, metricIngest, metricReading, poison, audit, auditCost];
const ids = suites.flatMap((suite) => suite.ids);

const program = new Command('bench')
  .description('Measures this service beside its peers: each on a Redis of its own, in processes of its own, in turns.')
  .option('--json <file>', 'write the rows there as JSON')
  .option('--only <id>', `measure this row only; may be given several times (${ids.join(', ')})`, collect, [])
  .option('--rounds <n>', 'how often each contestant runs; the table has the median of all rounds', parseRounds, 5)
  .option('--growth', 'measure with 0.25 to 2 M stored as well, where that can matter', false)
  .option('--quick', 'small numbers, to see that everything works; the figures mean nothing', false)
  .option('--log <file>', 'the access log (combined format) that is replayed for `bytes`; a made-up one if none is given')
  .option('--from <file>', 'measure nothing: take the rows from this JSON; may be given several times, the last one wins', collect, [])
  .option('--plots <folder>', 'draw the rows there, as SVG')
  .option('--markdown [file]', 'print the rows as a table in Markdown, or put it into this file, between its marks')
  .addHelpText('after', '\nEnds with code 1 if a row misses its target; with --quick only if something was lost or refused.')
  .action(run);

await program.parseAsync();

interface Options {
  readonly json?: string;
  readonly only: readonly string[];
  readonly rounds: number;
  readonly growth: boolean;
  readonly quick: boolean;
  readonly log?: string;
  readonly from: readonly string[];
  readonly plots?: string;
  readonly markdown?: string | true;
}

async function run(options: Options): Promise<void> {
  const { json, quick, from, plots, markdown } = options;
  const rows = from.length > 0 ? await readRows(from) : await measure(options);
  process.stdout.write(formatRows(rows));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(rows, null, 2)}\n`);
  if (plots !== undefined) for (const file of await drawPlots(rows, plots)) say(`drew ${file}`);
  if (markdown === true) process.stdout.write(formatTable(rows));
  if (typeof markdown === 'string') await writeFile(markdown, putTable(await readFile(markdown, 'utf8'), formatTable(rows)));
  if (rows.some(({ pass, sound }) => !(quick ? sound : pass))) process.exitCode = 1;
}

async function measure({ only, rounds, growth, quick, log }: Options): Promise<Row[]> {
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
    const context = { wanted, isQuick: quick, isGrowth: growth, rounds: quick ? 1 : rounds, logFile, say };
    rows.push(...(await suite.run(context)));
  }
  await sample?.remove();
  return rows;
}

/** Rows of earlier runs: of two with one id the later file's. */
async function readRows(files: readonly string[]): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for (const file of files) {
    // Written by `--json`, so they are rows.
    for (const row of JSON.parse(await readFile(file, 'utf8')) as Row[]) rows.set(row.id, row);
  }
  return [...rows.values()].toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
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
