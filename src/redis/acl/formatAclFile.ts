import { createHash } from 'node:crypto';

import type { Keys } from '../keys.js';
import { aclUsers, type AclRight, type AclUser, type AclUserName } from './aclUsers.js';
import { keyFamilies, type KeyFamily } from './keyFamilies.js';

/** What every connection does, and what has no keys. SCAN gives names of keys, which hold nothing of a person. */
const COMMON = ['auth', 'hello', 'ping', 'info', 'time', 'scan', 'multi', 'exec', 'discard', 'quit', 'wait', 'readonly', 'asking', 'client|setname', 'cluster|slots', 'cluster|info'];

/**
 * A file for `aclfile` of redis.conf (Redis 7 or Valkey: it uses selectors). Users begin with nothing, and get the commands
 * of each right for the keys of that right alone; what a script does is checked command by command.
 *
 * @param passwords of each user, and of `admin`, who may do everything and is for people
 */
export function formatAclFile(keys: Keys, passwords: Readonly<Record<AclUserName | 'admin', string>>): string {
  const families = keyFamilies(keys);
  // Only their hashes go into the file.
  const password = (name: keyof typeof passwords): string => `#${createHash('sha256').update(passwords[name]).digest('hex')}`;
  const users = Object.entries<AclUser>(aclUsers).map(([name, { rights, alone = [] }]) => {
    const selectors = [scriptsOn(rights), ...merged(rights)].map((right) => formatRight(right, families));
    return `user ${name} on ${password(name as AclUserName)} resetchannels -@all ${[...COMMON, ...alone].map((command) => `+${command}`).join(' ')} ${selectors.join(' ')}`;
  });
  return ['user default off resetkeys resetchannels -@all', `user admin on ${password('admin')} ~* &* +@all`, ...users, ''].join('\n');
}

/** A script may be given any of the keys; what it does with them is checked by the other rights. */
function scriptsOn(rights: readonly AclRight[]): AclRight {
  return { keys: [...new Set(rights.flatMap(({ keys }) => keys))], commands: ['eval', 'evalsha'] };
}

/** Rights on the same keys as one: the fewer there are, the less each command costs. */
function merged(rights: readonly AclRight[]): AclRight[] {
  const byKeys = new Map<string, AclRight>();
  for (const { keys, commands } of rights) {
    const name = [...keys].sort().join();
    const known = byKeys.get(name)?.commands ?? [];
    byKeys.set(name, { keys, commands: [...new Set([...known, ...commands])].sort() });
  }
  return [...byKeys.values()];
}

function formatRight({ keys, commands }: AclRight, families: Readonly<Record<KeyFamily, readonly string[]>>): string {
  const patterns = [...new Set(keys.flatMap((family) => families[family]))];
  return `(${[...patterns.map((pattern) => `~${pattern}`), '-@all', ...commands.map((command) => `+${command}`)].join(' ')})`;
}
