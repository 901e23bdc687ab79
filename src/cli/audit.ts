import type { Readable } from 'node:stream';

import { Command, InvalidArgumentError, Option } from 'commander';

import { commandSubject } from '../access/commandSubject.js';
import type { AuditEntry } from '../audit/AuditLog.js';
import { auditFolder, openAuditLog } from '../audit/openAuditLog.js';
import { redisSource } from '../audit/chain/ChainSource.js';
import { AuditReader } from '../audit/queries/AuditReader.js';
import type { AuditExportFormat, AuditListOptions } from '../audit/queries/auditOptions.js';
import type { AuditPage } from '../audit/queries/searchAudit.js';
import { parseConfig } from '../config/parseConfig.js';
import { KeyError } from '../errors/KeyError.js';
import { typedFailure } from '../lib/services/analytics/typedFailure.js';
import { connect } from '../redis/connect.js';
import { keysOf } from '../redis/keys.js';
import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import { loadKeyRing } from '../security/loadKeyRing.js';
import { findingLine, printRecords } from './formatAudit.js';
import { openBar } from './openBar.js';
import { readSecretLine, readLines } from './readSecretLine.js';

const HELP = `
The audit log tells who saw whose data. Users and actors are asked for, or read from stdin, a line: as arguments they would
stand in the list of processes and in the history of the shell. What these commands give out is itself recorded, before.

Reads from the environment what the worker reads: REDIS_URL, REDIS_PREFIX, the keys, ANALYTICS_AUDIT_DIR.

Examples:
  npm run -s audit -- verify --checkpoints /mnt/host-a/audit --checkpoints /mnt/host-b/audit
  npm run -s audit -- who-saw --from 2026-01-01 < user-id.txt
  npm run -s audit -- who-saw --disclosures --all < user-id.txt
  npm run -s audit -- export --format fhir > audit-events.ndjson`;

interface PageOptions {
  readonly from?: number;
  readonly to?: number;
  readonly operation?: string;
  readonly outcome?: 'allowed' | 'denied' | 'failed';
  readonly origin?: string;
  readonly limit: number;
  readonly all?: true;
  readonly json?: true;
}

/** `audit`: who saw what; whether the log is whole. @param input where users and actors are read from */
export function createAuditCommand(input: Readable = process.stdin): Command {
  return new Command('audit')
    .description('ask the audit log who saw what, verify it, export it')
    .addHelpText('after', HELP)
    .addCommand(createVerify())
    .addCommand(createWhoSaw(input))
    .addCommand(createSeenBy(input))
    .addCommand(createList())
    .addCommand(createExport())
    .addCommand(createPseudonyms(input));
}

function createVerify(): Command {
  return new Command('verify')
    .description('check every record against its hashes and against the signed checkpoints; exit code 1 when something is not as it was written')
    .option('--checkpoints <folder>', 'a folder of checkpoints; several times for those of several hosts. Default: the configured one', collect, [])
    .option('--json', 'print the report as JSON')
    .action(async ({ checkpoints, json }: { checkpoints: string[]; json?: true }) => {
      await using audit = await openAudit();
      const bar = json === true ? undefined : openBar('Verifying', 0);
      const onProgress = (done: number, total: number): void => {
        bar?.setTotal(Math.max(done, total));
        bar?.update(done);
      };
      const report = await audit.reader.verify({ onProgress, ...(checkpoints.length > 0 && { folders: checkpoints }) }).finally(() => bar?.stop());
      const { findings, chains, records, unsigned, statements } = report;
      await audit.record({ operation: 'audit.verify', count: records, reason: `${findings.length} findings` });
      if (json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
      else {
        for (const finding of findings) process.stdout.write(`${findingLine(finding)}\n`);
        process.stdout.write(`${records} records in ${chains} chains and ${statements} signed statements: ${findings.length === 0 ? 'all as they were written' : `${findings.length} found`}.\n`);
        if (unsigned > 0) process.stdout.write(`No checkpoint covers the latest ${unsigned}.\n`);
      }
      process.exitCode = findings.length === 0 ? 0 : 1;
    });
}

function createWhoSaw(input: Readable): Command {
  return withPage(new Command('who-saw').description('who saw, or was refused, data of the user whose id is on stdin'))
    .option('--disclosures', 'only what a person can ask an account of: not for treatment, payment or operations, and not by themselves')
    .action(async ({ disclosures, ...options }: PageOptions & { disclosures?: true }) => {
      const userId = await readSecretLine(input, 'User id: ');
      await using audit = await openAudit();
      await printPages(audit, options, { subjects: [userId] }, (page) => audit.reader.whoSaw({ ...page, userId, disclosures: disclosures === true }));
    });
}

function createSeenBy(input: Readable): Command {
  return withPage(new Command('seen-by').description('what the actor whose subject or key id is on stdin saw, or was refused')).action(async (options: PageOptions) => {
    const actor = await readSecretLine(input, 'Subject or key id: ');
    await using audit = await openAudit();
    await printPages(audit, options, { reason: `seen by ${actor}` }, (page) => audit.reader.seenBy({ ...page, actor }));
  });
}

function createList(): Command {
  return withPage(new Command('list').description('everything that was recorded')).action(async (options: PageOptions) => {
    await using audit = await openAudit();
    await printPages(audit, options, {}, (page) => audit.reader.list(page));
  });
}

function createExport(): Command {
  return new Command('export')
    .description('write every record to stdout, a line each: as it was hashed, or as AuditEvents of FHIR R4')
    .addOption(new Option('--format <format>', 'ndjson or fhir').choices(['ndjson', 'fhir']).default('ndjson'))
    .action(async ({ format }: { format: AuditExportFormat }) => {
      await using audit = await openAudit();
      await audit.record({ operation: 'audit.export', reason: format });
      for await (const line of audit.reader.export(format)) {
        if (!process.stdout.write(`${line}\n`)) await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    });
}

function createPseudonyms(input: Readable): Command {
  return new Command('pseudonyms')
    .description('read user ids from stdin, a line each, and print what stands for each in the log')
    .action(async () => {
      await using audit = await openAudit();
      const users = await readLines(input);
      await audit.record({ operation: 'audit.read', subjects: users, count: users.length, reason: 'pseudonyms' });
      for (const user of users) process.stdout.write(`${audit.reader.pseudonym(user)}\t${user}\n`);
    });
}

/** Prints page after page, each recorded before. */
async function printPages(
  audit: OpenAudit,
  { limit, all, json, ...filter }: PageOptions,
  told: Pick<AuditEntry, 'subjects' | 'reason'>,
  read: (page: AuditListOptions) => Promise<AuditPage>,
): Promise<void> {
  let left = all === true ? Infinity : limit;
  let shown = 0;
  let cursor: string | undefined;
  do {
    const page = await read({ ...filter, limit: Math.min(left, 1000), ...(cursor !== undefined && { cursor }) });
    await audit.record({ operation: 'audit.read', count: page.records.length, ...told });
    printRecords(page.records, { json, headed: shown === 0 });
    shown += page.records.length;
    left -= page.records.length;
    ({ cursor } = page);
  } while (cursor !== undefined && left > 0);
  if (json !== true) process.stderr.write(shown === 0 ? 'There are none.\n' : `${shown} shown${cursor === undefined ? '' : '; there are more: --all shows them'}.\n`);
}

interface OpenAudit extends AsyncDisposable {
  readonly reader: AuditReader;
  record(entry: Pick<AuditEntry, 'operation' | 'subjects' | 'count' | 'reason'>): Promise<void>;
}

/** The configured audit log, read and written by whoever runs the command. */
async function openAudit(): Promise<OpenAudit> {
  const config = parseConfig();
  const keyRing = await loadKeyRing(config);
  const keys = keysOf(config);
  if (keyRing.reading === undefined) throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot read the audit log. Set ANALYTICS_ENCRYPTION_KEY.');
  const onError = (error: Error): void => void process.stderr.write(`${error.message}\n`);
  const redis = connect(config, 'failFast', 'analytics-audit', () => undefined);
  try {
    await checkKeyIdentity(redis, keys, keyRing);
  } catch (error) {
    redis.disconnect();
    throw typedFailure(error);
  }
  const log = openAuditLog(config, { redis, keys, keyRing, onError });
  const actor = { subject: commandSubject(), roles: ['auditor'], via: 'cli' };
  return {
    reader: new AuditReader({ source: redisSource(redis, keys.audit), secrets: keyRing.reading.audit, folders: [auditFolder(config)] }),
    record: (entry) => log.record({ actor, outcome: 'allowed', purpose: 'audit', ...entry }),
    async [Symbol.asyncDispose]() {
      await log.close();
      redis.disconnect();
    },
  };
}

function withPage(command: Command): Command {
  return command
    .option('--from <time>', 'from then on, such as 2026-01-31 or 2026-01-31T08:00:00Z', parseTime)
    .option('--to <time>', 'before then', parseTime)
    .option('--operation <name>', 'only this operation, such as events.read')
    .addOption(new Option('--outcome <outcome>', 'only these').choices(['allowed', 'denied', 'failed']))
    .option('--origin <address>', 'only what came from there')
    .option('--limit <n>', 'how many', parseLimit, 100)
    .option('--all', 'all of them')
    .option('--json', 'a line of JSON for each');
}

function collect(folder: string, folders: readonly string[]): string[] {
  return [...folders, folder];
}

function parseTime(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('It has to be a time, such as 2026-01-31 or 2026-01-31T08:00:00Z.');
  return time;
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('It has to be a whole number above 0.');
  return limit;
}
