import { createReadStream } from 'node:fs';

import { Command, InvalidArgumentError, Option } from 'commander';

import { ApiKeys, type NewApiKey } from '../access/apiKeys/ApiKeys.js';
import type { ApiKeyInfo } from '../access/apiKeys/ApiKeyRecord.js';
import { commandPrincipal } from '../access/commandPrincipal.js';
import { Revocations } from '../access/revocation/Revocations.js';
import { purposes, roles, type Purpose, type Role } from '../contract/access.js';
import { formatTable } from './formatTable.js';
import { readLines } from './readSecretLine.js';
import { withAccess } from './withAccess.js';

const DAY_SECONDS = 86_400;
const HELP = `
A key is for a program: it is sent as "Authorization: Bearer aak_…", or where a token is given. It is printed once; only
its hash is kept. Who made, rotated or revoked which is recorded.

Examples:
  npm run -s api-keys -- create exporter --role analyst --purpose research --days 30
  npm run -s api-keys -- create ward-3 --role clinician --purpose treatment --panel-file patients.txt
  npm run -s api-keys -- rotate 5f1c0a9be2d34478 --overlap-hours 24
  npm run -s api-keys -- revoke 5f1c0a9be2d34478`;

/** `api-keys`: keys for programs, to be made, listed, rotated and revoked. */
export function createApiKeysCommand(): Command {
  return new Command('api-keys').description('make, list, rotate or revoke API keys').addHelpText('after', HELP).addCommand(createCreate()).addCommand(createList()).addCommand(createRotate()).addCommand(createRevoke());
}

function createCreate(): Command {
  return new Command('create')
    .description('make one and print it, alone on a line')
    .argument('<subject>', 'the program that it is for')
    .addOption(new Option('--role <role>', 'what it may do; may be given several times').choices(roles).argParser(addRole).makeOptionMandatory())
    .addOption(new Option('--purpose <purpose>', 'what it is used for').choices(purposes).default('operations'))
    .option('--panel-file <file>', 'a file with the users that a clinician may see, one a line; "-" for the standard input')
    .option('--days <n>', 'how long it is good', parseWhole, 90)
    .action(async (subject: string, options: { role: Role[]; purpose: Purpose; panelFile?: string; days: number }) => {
      const { role, purpose, panelFile, days } = options;
      // From a file: arguments of a process can be read by others on the host.
      const panel = panelFile === undefined ? undefined : await readLines(panelFile === '-' ? process.stdin : createReadStream(panelFile));
      const request = { subject, roles: role, purpose: purpose as 'operations', ttlSeconds: days * DAY_SECONDS, ...(panel !== undefined && { panel }) }; // checked there
      await withKeys('create', async (keys) => print(await keys.create(request)));
    });
}

function createList(): Command {
  return new Command('list').description('list them, latest first').action(async () => {
    await withKeys('list', async (keys) => {
      const all = await keys.list();
      process.stdout.write(all.length === 0 ? 'There are none.\n' : `${formatTable(['id', 'subject', 'roles', 'purpose', 'made', 'ends'], all.map(rowOf)).join('\n')}\n`);
    });
  });
}

function createRotate(): Command {
  return new Command('rotate')
    .description('make one with the same grants and print it; the old one ends after a while')
    .argument('<id>', 'the id of the old one')
    .option('--overlap-hours <n>', 'how long the old one stays good', parseWhole, 24)
    .action(async (id: string, { overlapHours }: { overlapHours: number }) => {
      await withKeys('rotate', async (keys) => print(await keys.rotate(id, overlapHours * 3600)), id);
    });
}

function createRevoke(): Command {
  return new Command('revoke')
    .description('refuse it from now on, and end what was opened with it within 2 s')
    .argument('<id>', 'its id')
    .action(async (id: string) => {
      await withKeys('revoke', async (keys) => keys.revoke(id), id);
      process.stdout.write('Revoked.\n');
    });
}

async function withKeys(what: string, work: (keys: ApiKeys) => Promise<void>, id?: string): Promise<void> {
  await withAccess(async ({ gate, redis, keys, reading, onError }) => {
    const revocations = new Revocations({ redis, keys, secrets: reading.audit, onError });
    const apiKeys = new ApiKeys({ redis, keys, fields: reading.fields, revocations });
    await gate.act(commandPrincipal(), { operation: 'apikeys.manage', reason: id === undefined ? what : `${what} ${id}` }, async () => work(apiKeys));
  });
}

function print({ key, info }: NewApiKey): void {
  process.stdout.write(`${key}\n`);
  process.stderr.write(`Its id is ${info.id}; it ends on ${new Date(info.expiresAt).toISOString()}. It is not shown again.\n`);
}

function rowOf({ id, subject, roles: granted, purpose, createdAt, expiresAt }: ApiKeyInfo): string[] {
  return [id, subject, granted.join(' '), purpose, new Date(createdAt).toISOString(), new Date(expiresAt).toISOString()];
}

function addRole(role: string, known: readonly string[] | undefined): string[] {
  if (!roles.some((one) => one === role)) throw new InvalidArgumentError(`It has to be one of ${roles.join(', ')}.`);
  return [...(known ?? []), role];
}

function parseWhole(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It has to be a whole number above 0.');
  return number;
}
