import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { Command } from 'commander';

import { parseConfig } from '../config/parseConfig.js';
import { aclUsers } from '../redis/acl/aclUsers.js';
import { formatAclFile } from '../redis/acl/formatAclFile.js';
import { keysOf } from '../redis/keys.js';
import { keepSecret } from '../security/secretFile.js';
import { formatTable } from './formatTable.js';

const PASSWORD_BYTES = 32;

/** `acl`: writes users of Redis with the least rights, one for each kind of process. */
export function createAclCommand(): Command {
  return new Command('acl')
    .description('write users.acl for Redis: a user for each kind of process, with the least rights')
    .requiredOption('--dir <folder>', 'where users.acl and the passwords go')
    .addHelpText(
      'after',
      `
Each user's password goes into a file of its own, NAME.password, for REDIS_PASSWORD_FILE of its processes; one that is there is
kept. users.acl has only their hashes. It is made for REDIS_PREFIX, and for REDIS_CLUSTER if that is set. Name it as
"aclfile" in redis.conf (Redis 7 or Valkey), or load it with ACL LOAD. The user "admin" may do everything; it is for people.

Example:
  npm run acl -- --dir /etc/analytics/redis`,
    )
    .action(async ({ dir }: { dir: string }) => {
      const folder = resolve(dir);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const users = [...Object.entries(aclUsers).map(([name, { what }]) => [name, what] as const), ['admin', 'people: everything'] as const];
      const passwords = await Promise.all(users.map(async ([name]) => [name, await keepSecret(join(folder, `${name}.password`), PASSWORD_BYTES)] as const));
      const file = join(folder, 'users.acl');
      // In one step: a Redis that loads it just now finds the old or the new one.
      await writeFile(`${file}.new`, formatAclFile(keysOf(parseConfig()), Object.fromEntries(passwords) as Parameters<typeof formatAclFile>[1]), { mode: 0o600 }); // of every user
      await rename(`${file}.new`, file);
      process.stdout.write(`${file}\n\n${formatTable(['REDIS_USERNAME', 'for'], users).join('\n')}\n`);
    });
}
