import { Command, InvalidArgumentError } from 'commander';

import { parseConfig } from '../config/parseConfig.js';
import { signToken } from '../security/tokens.js';
import { readPerson } from './readPerson.js';

const DAY_SECONDS = 24 * 60 * 60;

/** `token`: prints a token for the WebSocket, alone on a line, so that a script can take it. */
export function createTokenCommand(): Command {
  return new Command('token')
    .description('print a token with which a WebSocket client signs in as a user')
    .argument('[user]', 'the user whose events the client may see; without it, or in production, the first line of the standard input')
    .option('--role <role>', 'a role of the bearer; may be given several times', collect, [])
    .option('--ttl <seconds>', 'how long the token is valid', parseSeconds, DAY_SECONDS)
    .addHelpText(
      'after',
      `
Signs with ANALYTICS_TOKEN_SECRET (or its file); in development with the secret of the data folder, which is made when
it is missing.

Arguments of a process can be read by others on the host: in production the user is read from the standard input.

Examples:
  npm run -s token -- user-123
  npm run -s token -- --ttl 3600 < user.txt`,
    )
    .action(async (user: string | undefined, { role, ttl }: { role: string[]; ttl: number }) => {
      const token = await signToken(parseConfig(), { subject: await readPerson(user), roles: role, ttlSeconds: ttl });
      process.stdout.write(`${token}\n`);
    });
}

function collect(role: string, roles: readonly string[]): string[] {
  return [...roles, role];
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1) throw new InvalidArgumentError('It has to be a whole number above 0.');
  return seconds;
}
