import { Command, InvalidArgumentError, Option } from 'commander';

import { queueTitles, type QueueTitle } from '../../queues/names.js';
import { commandSubject } from '../access/commandSubject.js';
import { failureCodes, type FailureCode } from '../deadletters/failureCode.js';
import { decideOn, type SelectionOptions } from './decideOn.js';
import { dropLine, letterLine, printRows } from './formatDeadLetters.js';
import { openAsAccount } from './openAsAccount.js';
import { readReason, REASON_FROM_INPUT } from './readReason.js';

const HELP = `
A dead letter is a job that was given up: a batch of events or samples, or upkeep. It is kept sealed until somebody
decides. Retry it when the cause is gone: it waits again with its own priority and all its attempts, and each event in it
is stored once, also if it was stored before. Dropped ones are gone for ever; who dropped them and why is kept, sealed.

Reads from the environment what the worker reads: REDIS_URL, REDIS_PREFIX, the keys.

Examples:
  npm run dead-letters -- list --code KEY_MISMATCH
  npm run dead-letters -- show 019aa0f2-7c11-7000-8000-000000000000
  npm run dead-letters -- retry --all --queue events
  npm run dead-letters -- drop 019aa0f2-7c11-7000-8000-000000000000 --reason "sealed to a key that is lost"`;

interface ListOptions {
  readonly queue?: QueueTitle;
  readonly code?: FailureCode;
  readonly limit: number;
  readonly all?: true;
  readonly json?: true;
}

/** `dead-letters`: what was given up, to be listed, opened, retried or dropped. */
export function createDeadLettersCommand(): Command {
  return new Command('dead-letters')
    .description('list, show, retry or drop jobs that were given up')
    .addHelpText('after', HELP)
    .addCommand(createList())
    .addCommand(createShow())
    .addCommand(createRetry())
    .addCommand(createDrop())
    .addCommand(createDropped());
}

function createList(): Command {
  return withFilter(new Command('list').description('list them, latest first'))
    .option('--limit <n>', 'how many', parseLimit, 100)
    .option('--all', 'all of them')
    .option('--json', 'a line of JSON for each')
    .action(async ({ queue, code, limit, all, json }: ListOptions) => {
      await using account = openAsAccount();
      const { service } = account;
      let left = all === true ? Infinity : limit;
      let shown = 0;
      let cursor: string | undefined;
      do {
        const filter = { ...(queue !== undefined && { queue }), ...(code !== undefined && { reason: code }), ...(cursor !== undefined && { cursor }) };
        const page = await service.deadLetters.list({ ...filter, limit: Math.min(left, 1000) });
        printRows(page.deadLetters, letterLine, { json, headed: shown === 0 });
        shown += page.deadLetters.length;
        left -= page.deadLetters.length;
        ({ cursor } = page);
      } while (cursor !== undefined && left > 0);
      if (json !== true) process.stderr.write(shown === 0 ? 'There are none.\n' : `${shown} shown${cursor === undefined ? '' : '; there are more: --all shows them'}.\n`);
    });
}

function createShow(): Command {
  return new Command('show')
    .description('open one and print it with its events or samples, as JSON; it is logged who did')
    .argument('<id>', 'its id')
    .action(async (id: string) => {
      await using account = openAsAccount();
      const { service } = account;
      process.stdout.write(`${JSON.stringify(await service.deadLetters.inspect(id, { actor: commandSubject() }), undefined, 2)}\n`);
    });
}

function createRetry(): Command {
  return withSelection(new Command('retry').description('put them back into their queues')).action(async (ids: string[], options: SelectionOptions, command: Command) => {
    refuseUnclear(ids, options, command);
    await using account = openAsAccount();
    const { service } = account;
    process.exitCode = await decideOn(service.deadLetters, ids, options, 'retried', (selection) => service.deadLetters.retry(selection, { actor: commandSubject() }));
  });
}

function createDrop(): Command {
  return withSelection(new Command('drop').description('remove them for ever'))
    .requiredOption('--reason <text>', `why; it is kept, sealed; ${REASON_FROM_INPUT}`)
    .action(async (ids: string[], { reason: given, ...options }: SelectionOptions & { reason: string }, command: Command) => {
      refuseUnclear(ids, options, command);
      const reason = await readReason(given);
      await using account = openAsAccount();
      const { service } = account;
      process.exitCode = await decideOn(service.deadLetters, ids, options, 'dropped', (selection) => service.deadLetters.drop(selection, { actor: commandSubject(), reason }));
    });
}

function createDropped(): Command {
  return new Command('dropped')
    .description('list what was dropped, by whom and why, latest first')
    .option('--limit <n>', 'how many', parseLimit, 100)
    .option('--json', 'a line of JSON for each')
    .action(async ({ limit, json }: Pick<ListOptions, 'limit' | 'json'>) => {
      await using account = openAsAccount();
      const { service } = account;
      printRows(await service.deadLetters.dropped({ limit: Math.min(limit, 1000) }), dropLine, { json, headed: true });
    });
}

function withFilter(command: Command): Command {
  return command
    .addOption(new Option('--queue <name>', 'only those of this queue').choices(queueTitles))
    .addOption(new Option('--code <code>', 'only those that failed with this code').choices(failureCodes));
}

function withSelection(command: Command): Command {
  return withFilter(command.argument('[ids...]', 'their ids'))
    .option('--all', 'all of them, or all that --queue and --code choose')
    .option('--json', 'print what was done as JSON');
}

/** A decision is about ids, or about all that a filter chooses, and never about all because an id was forgotten. */
function refuseUnclear(ids: readonly string[], { all, queue, code }: SelectionOptions, command: Command): void {
  if ((all === true) === ids.length > 0) command.error('error: give ids, or --all');
  if (ids.length > 0 && (queue !== undefined || code !== undefined)) command.error('error: --queue and --code go with --all');
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('It has to be a whole number above 0.');
  return limit;
}
