import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

import { Command, InvalidArgumentError, Option } from 'commander';

import type { ActorService } from '../lib/services/analytics/AnalyticsService.js';
import { amendmentKinds, erasureModes, type ErasureMode } from '../subjects/options.js';
import { openAsAccount } from './openAsAccount.js';
import { readWhoAndWhy, REASON_FROM_INPUT } from './readReason.js';

const HELP = `
The person's user id is read from the standard input, one line, and never given as an argument: arguments of a process can
be read by others on the host. A reason may tell of the person as well: --reason - reads it from there too, from the second line on.

An erasure takes everything that was tracked of the person up to now, and the samples whose tag userId names them: out of the
store, the queues, the dead letters, the feeds and the spools of this host. Make a dry run first; with its token the erasure refuses if there is something else by
then. It ends with a signed receipt. One that was cut short is gone on with by the worker, or by "resume".

Reads from the environment what the worker reads: REDIS_URL, REDIS_PREFIX, the keys.

Examples:
  npm run subjects -- export < user.txt > export.ndjson
  npm run subjects -- amend EVENT --reason - --file statement.txt < user-and-reason.txt
  npm run subjects -- erase --mode delete --dry-run < user.txt
  npm run subjects -- erase --mode delete --plan TOKEN < user.txt
  npm run subjects -- hold --reason "case 17" --until 2027-01-31 < user.txt
  printf '%s\\n' user-123 'case 17' | npm run subjects -- hold --reason -
  npm run subjects -- verify < receipt.json`;

interface EraseFlags {
  readonly mode: ErasureMode;
  readonly dryRun?: true;
  readonly plan?: string;
  readonly leaveBackups?: true;
}

/** `subjects`: what persons may ask for, to be carried out by somebody who may. */
export function createSubjectsCommand(): Command {
  return new Command('subjects')
    .description("export or erase one person's data, hold it, list and verify receipts")
    .addHelpText('after', HELP)
    .addCommand(createExport())
    .addCommand(createAmend())
    .addCommand(createErase())
    .addCommand(new Command('erasures').description('list erasures that are not done').action(async () => withService(async ({ subjects }) => printLines(await subjects.erasures()))))
    .addCommand(createResume())
    .addCommand(createHold())
    .addCommand(createRelease())
    .addCommand(new Command('holds').description('list legal holds').action(async () => withService(async ({ subjects }) => printLines(await subjects.holds()))))
    .addCommand(new Command('receipts').description('list receipts, latest first').action(async () => withService(async ({ subjects }) => printLines(await subjects.receipts()))))
    .addCommand(new Command('receipt').description('print the receipt of an erasure').argument('<id>', 'its id').action(async (id: string) => withService(async ({ subjects }) => printLines([await subjects.receipt(id)]))))
    .addCommand(createVerify());
}

function createExport(): Command {
  return new Command('export').description('print everything that there is of one person, a line of JSON each').action(async () =>
    withService(async ({ subjects }) => {
      for await (const line of subjects.export(await readUserId())) await print(`${JSON.stringify(line)}\n`);
    }),
  );
}

function createAmend(): Command {
  return new Command('amend')
    .description('link a statement to an event of one person, which stays as it is')
    .argument('<event>', 'the id of the event')
    .requiredOption('--reason <text>', `why; it is kept, sealed, and recorded; ${REASON_FROM_INPUT}`)
    .addOption(new Option('--kind <kind>', 'what it is').choices(amendmentKinds).default('amendment'))
    .requiredOption('--file <path>', 'where the statement is: never an argument, since these can be read by others on the host')
    .action(async (event: string, { reason: given, kind, file }: { reason: string; kind: (typeof amendmentKinds)[number]; file: string }) =>
      withService(async ({ subjects }) => {
        const statement = (await readFile(file, 'utf8')).trim();
        const { userId, reason } = await readWhoAndWhy(given, readUserId);
        printLines([await subjects.amend(userId, event, { kind, reason, statement })]);
      }),
    );
}

function createErase(): Command {
  return new Command('erase')
    .description('erase everything that was tracked of one person up to now')
    .addOption(new Option('--mode <mode>', 'delete, or leave events that nobody can tell whose they are').choices(erasureModes).makeOptionMandatory())
    .option('--dry-run', 'count what would be taken, and print a token')
    .option('--plan <token>', 'refuse if there is something else than the dry run counted')
    .option('--leave-backups', 'erase although there is a backup that this process does not reach: the person stays in it, and the receipt says so')
    .action(async ({ mode, dryRun, plan, leaveBackups }: EraseFlags) =>
      withService(async ({ subjects }) => {
        const userId = await readUserId();
        const options = { mode, ...(plan !== undefined && { plan }), ...(leaveBackups === true && { leaveBackups }) };
        printLines([dryRun === true ? await subjects.erase(userId, { ...options, dryRun }) : await subjects.erase(userId, options)]);
      }),
    );
}

function createResume(): Command {
  return new Command('resume')
    .description('go on with an erasure that was cut short')
    .argument('<id>', 'its id')
    .action(async (id: string) =>
      withService(async ({ subjects }) => {
        const receipt = await subjects.resume(id);
        if (receipt !== undefined) return printLines([receipt]);
        process.stderr.write('Another process is at it.\n');
        process.exitCode = 2;
      }),
    );
}

function createHold(): Command {
  return new Command('hold')
    .description("refuse every erasure of one person's data")
    .requiredOption('--reason <text>', `why; it is kept, sealed; ${REASON_FROM_INPUT}`)
    .option('--until <date>', 'when it ends by itself; without, when it is released', parseDate)
    .action(async ({ reason: given, until }: { reason: string; until?: number }) =>
      withService(async ({ subjects }) => {
        const { userId, reason } = await readWhoAndWhy(given, readUserId);
        await subjects.hold(userId, { reason, ...(until !== undefined && { until }) });
        process.stderr.write('Held.\n');
      }),
    );
}

function createRelease(): Command {
  return new Command('release')
    .description("end the hold of one person's data")
    .requiredOption('--reason <text>', `why; it is recorded; ${REASON_FROM_INPUT}`)
    .action(async ({ reason: given }: { reason: string }) =>
      withService(async ({ subjects }) => {
        const { userId, reason } = await readWhoAndWhy(given, readUserId);
        const wasHeld = await subjects.release(userId, { reason });
        process.stderr.write(wasHeld ? 'Released.\n' : 'There was no hold.\n');
      }),
    );
}

function createVerify(): Command {
  return new Command('verify').description('say whether a receipt, read from the standard input, is genuine').action(async () =>
    withService(async ({ subjects }) => {
      const isGenuine = await subjects.isGenuine(jsonOf(await readInput()));
      process.stdout.write(isGenuine ? 'Genuine: issued by this store, and unchanged.\n' : 'Not genuine: not issued by this store, or changed.\n');
      if (!isGenuine) process.exitCode = 1;
    }),
  );
}

async function withService(work: (service: ActorService) => Promise<void>): Promise<void> {
  await using account = openAsAccount();
  await work(account.service);
}

function printLines(lines: readonly object[]): void {
  for (const line of lines) process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Waits for whoever reads: an export may be larger than memory. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

async function readUserId(): Promise<string> {
  return (await readInput()).replace(/\r?\n$/, '');
}

async function readInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer); // no encoding is set
  return Buffer.concat(parts).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseDate(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('It has to be a date, as 2027-01-31.');
  return time;
}
