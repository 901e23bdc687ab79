/** `npm run faults`: a whole service under load, random faults, and a judge that reads the store afterwards. */
import { readFile, writeFile } from 'node:fs/promises';

import { Command, InvalidArgumentError } from 'commander';

import { formatReport } from './formatReport.js';
import { formatTable, putTable } from './formatTable.js';
import { allRows } from './rows/allRows.js';
import { runFaults, type FaultsReport } from './run.js';

interface Options {
  readonly seed: number;
  readonly minutes: number;
  readonly once: boolean;
  readonly only: readonly string[];
  readonly rate: number;
  readonly slack: number;
  readonly json?: string;
  readonly markdown?: string;
  readonly from?: string;
  readonly list: boolean;
}

const program = new Command('faults')
  .description('Strikes a running service with random faults, and says whether anything was lost, doubled or hung.')
  .option('--seed <n>', 'which faults come when follows from it; a random one is taken, and printed, if none is given', parseWhole, Math.floor(Math.random() * 1e9))
  .option('--minutes <m>', 'how long faults strike; a fault that has begun is seen through', parseAbove0, 5)
  .option('--once', 'each fault once, alone, however long that takes; instead of --minutes', false)
  .option('--only <row>', 'this fault only; may be given several times', collect, [])
  .option('--rate <n>', 'events a second, over three producers: 600 are a million in half an hour', parseAbove0, 600)
  .option('--slack <factor>', 'multiplies all limits of time: for a machine that is slow or has others to serve', parseAbove0, 1)
  .option('--json <file>', 'write the figures there')
  .option('--markdown <file>', 'put the figures into this file, between its marks')
  .option('--from <file>', 'strike nothing: take the figures from this JSON')
  .option('--list', 'list the faults', false)
  .addHelpText('after', '\nEnds with code 1 if anything was lost, doubled, changed, miscounted or left hanging, or a limit of time was missed.')
  .action(run);

await program.parseAsync();

async function run(options: Options): Promise<void> {
  const { json, markdown, from, list } = options;
  if (list) {
    for (const { id, what } of allRows) process.stdout.write(`${id.padEnd(24)} ${what}\n`);
    return;
  }
  const report = from === undefined ? await strike(options) : (JSON.parse(await readFile(from, 'utf8')) as FaultsReport); // `--json` wrote it
  process.stdout.write(formatReport(report));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (markdown !== undefined) await writeFile(markdown, putTable(await readFile(markdown, 'utf8'), formatTable(report)));
  if (!report.pass) process.exitCode = 1;
}

async function strike({ seed, minutes, once, only, rate, slack }: Options): Promise<FaultsReport> {
  const unknown = only.filter((id) => !allRows.some((row) => row.id === id));
  if (unknown.length > 0) program.error(`There is no fault ${unknown.join(', ')}. See --list.`);
  const rows = only.length === 0 ? allRows : allRows.filter(({ id }) => only.includes(id));
  const interrupt = new AbortController();
  // Asked once, it judges what was done so far; asked again, it ends as any program does.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
  say(`seed ${seed}`);
  return runFaults({ seed, minutes: once ? undefined : minutes, rows, rate, slack, signal: interrupt.signal, say });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function collect(id: string, earlier: readonly string[]): string[] {
  return [...earlier, id];
}

function parseWhole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number of up to nine digits.');
  return Number(text);
}

function parseAbove0(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It has to be a number above 0.');
  return value;
}
