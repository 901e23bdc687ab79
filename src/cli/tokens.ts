import { Command } from 'commander';

import { commandPrincipal } from '../access/commandPrincipal.js';
import { Revocations, type Revocation } from '../access/revocation/Revocations.js';
import { readPerson } from './readPerson.js';
import { withAccess } from './withAccess.js';

interface RevokeOptions {
  readonly id?: string;
  readonly subject?: string;
}

/** `tokens revoke`: ends a token, or whatever was issued to somebody, before its time. */
export function createTokensCommand(): Command {
  return new Command('tokens').description('revoke tokens').addCommand(
    new Command('revoke')
      .description('refuse a token from now on, or all that were issued to somebody until now; sockets and sessions end within 2 s')
      .option('--id <jti>', 'the id of the token (jti)')
      .option('--subject <user>', 'the subject of the tokens (sub); "-", and nothing else in production, for the first line of the standard input')
      .action(async ({ id, subject: given }: RevokeOptions, command: Command) => {
        if ((id === undefined) === (given === undefined)) command.error('error: give --id or --subject');
        const subject = given === undefined ? undefined : await readPerson(given);
        await withAccess(async ({ gate, redis, keys, reading, onError }) => {
          const revocation: Revocation = id === undefined ? { subject: subject! } : { token: id };
          const revocations = new Revocations({ redis, keys, secrets: reading.audit, onError });
          await gate.act(commandPrincipal(), { operation: 'tokens.revoke', ...(subject !== undefined && { subjects: [subject] }), ...(id !== undefined && { reason: id }) }, async () => revocations.revoke(revocation));
        });
        process.stdout.write('Revoked.\n');
      }),
  );
}
