import { Command } from 'commander';
import { renderUnicodeCompact } from 'uqr';

import { commandPrincipal } from '../access/commandPrincipal.js';
import { SecondFactors, type NewSecondFactor, type SecondFactorInfo } from '../access/secondFactors/SecondFactors.js';
import { parseConfig } from '../config/parseConfig.js';
import { ValidationError } from '../errors/ValidationError.js';
import { forgiveFailures } from '../doors/forgiveFailures.js';
import { formatTable } from './formatTable.js';
import { withAccess, type AccessTools } from './withAccess.js';

const HELP = `
Operators and admins sign in to the board with a code of an authenticator too: always in production, unless their identity
provider asks for a second factor (docs/hardening.md). SUBJECT is what their token has as "sub". The secret and the recovery
codes are shown once, to be given to that person and nobody else; enrolling anew makes others. All of it is recorded.

Examples:
  npm run -s mfa -- enroll jane@example.org
  npm run -s mfa -- list
  npm run -s mfa -- remove jane@example.org
  npm run -s mfa -- unlock jane@example.org             # who failed too often; --address for a machine`;

/** `mfa`: second factors of people at the board, and who is locked out there. */
export function createMfaCommand(): Command {
  return new Command('mfa')
    .description('second factors for the board: enroll people, list or remove them, unlock them')
    .addHelpText('after', HELP)
    .addCommand(createEnroll())
    .addCommand(createList())
    .addCommand(createRemove())
    .addCommand(createUnlock());
}

function createEnroll(): Command {
  return new Command('enroll')
    .description('give somebody a second factor, in the place of one that they have')
    .argument('<subject>', 'who, as their token has it')
    .option('--issuer <name>', 'what the authenticator shows beside the code', 'Analytics')
    .option('--no-qr', 'print no QR code')
    .action(async (subject: string, { issuer, qr }: { issuer: string; qr: boolean }) => {
      await manage(`enroll ${subject}`, async (tools) => print(await open(tools).enroll(subject, issuer), qr));
    });
}

function createList(): Command {
  return new Command('list').description('list who has a second factor').action(async () => {
    await manage('list', async (tools) => {
      const { people, broken } = await open(tools).list();
      process.stdout.write(people.length === 0 ? 'There are none.\n' : `${formatTable(['subject', 'enrolled', 'recovery codes left'], people.map(rowOf), ['recovery codes left']).join('\n')}\n`);
      if (broken > 0) process.stdout.write(`Changed by somebody, or sealed under another key: ${broken} do not open.\n`);
    });
  });
}

function createRemove(): Command {
  return new Command('remove')
    .description('take away somebody’s second factor: they need a new one to sign in')
    .argument('<subject>', 'who, as list shows it')
    .action(async (subject: string) => {
      await manage(`remove ${subject}`, async (tools) => {
        process.stdout.write((await open(tools).remove(subject)) ? 'Removed.\n' : 'There was none.\n');
      });
    });
}

function createUnlock(): Command {
  return new Command('unlock')
    .description('forget that sign-ins of a person, or from an address, failed')
    .argument('[subject]', 'who, as their token has it')
    .option('--address <ip>', 'from where')
    .action(async (subject: string | undefined, { address }: { address?: string }) => {
      if (subject === undefined && address === undefined) throw new ValidationError('unlock', [{ path: 'subject', given: 'nothing', allowed: 'a subject, or --address' }]);
      await manage(`unlock ${subject ?? address ?? ''}`, async ({ redis, keys, reading: { fingerprints } }) => {
        const found = await forgiveFailures({ redis, keys, fingerprints }, { person: subject, address });
        process.stdout.write(found ? 'Forgotten. Processes that counted by themselves, while Redis was away, do so until they are started anew.\n' : 'Nothing had failed.\n');
      });
    });
}

async function manage(reason: string, work: (tools: AccessTools) => Promise<void>): Promise<void> {
  await withAccess(async (tools) => {
    await tools.gate.act(commandPrincipal(), { operation: 'signins.manage', reason }, async () => work(tools));
  });
}

function open({ redis, keys, reading }: AccessTools): SecondFactors {
  return new SecondFactors({ redis, keys, secrets: reading });
}

function print({ uri, secret, recoveryCodes }: NewSecondFactor, hasQr: boolean): void {
  const required = parseConfig().ANALYTICS_MFA;
  if (hasQr) process.stdout.write(`${renderUnicodeCompact(uri, { border: 2 })}\n\n`);
  process.stdout.write(`${uri}\n\nBy hand: ${secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}\n\nRecovery codes, each good once:\n${recoveryCodes.map((code) => `  ${code}\n`).join('')}`);
  process.stderr.write('None of this is shown again. Clear the screen when the person has it.\n');
  if (required === 'provider' || required === 'off') process.stderr.write(`ANALYTICS_MFA=${required}: the board asks for no code.\n`);
}

function rowOf({ subject, enrolledAt, recoveryCodesLeft }: SecondFactorInfo): string[] {
  return [subject, new Date(enrolledAt).toISOString(), String(recoveryCodesLeft)];
}
