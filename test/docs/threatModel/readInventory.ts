import type { Command } from 'commander';

import { createProgram } from '../../../src/cli/createProgram.js';
import { environmentSchema } from '../../../src/config/environment.js';
import { clientMessageSchema, serverMessageSchema } from '../../../src/contract/socketProtocol.js';
import { logComponents } from '../../../src/logging/components.js';
import { serviceNames } from '../../../src/processes/services.js';
import { aclUsers, type AclUser } from '../../../src/redis/acl/aclUsers.js';
import { keyFamilies } from '../../../src/redis/acl/keyFamilies.js';
import { createKeys, type Keys } from '../../../src/redis/keys.js';
import { keyPatterns } from '../../../src/redis/knownKeys.js';
import { apiRoutes } from './apiRoutes.js';
import { boardRoutes } from './boardRoutes.js';

/** One kind of thing that a threat model has to name, and all that the code has of it. */
export interface Listing {
  /** The page's heading over its tables. */
  readonly section: string;
  /** Where the code has its list: for whoever has to add a row, or take one out. */
  readonly from: string;
  readonly names: readonly string[];
  /** The Redis users that may read or change what each name holds, `all` but `keystore` as that; where the page has a column for them. */
  readonly users?: ReadonlyMap<string, string>;
}

/** Tell of a key, and nothing of what it holds. */
const HARMLESS: ReadonlySet<string> = new Set(['type', 'exists', 'pttl', 'memory|usage']);
/** Only in the Redis of the data keys. */
const APART = 'keystore';

/** What the code has, read from the lists that it works with itself. */
export async function readInventory(): Promise<Listing[]> {
  const keys = createKeys('analytics:');
  const variables = Object.keys(environmentSchema.shape);
  const named = (form: RegExp): string[] => variables.filter((name) => form.test(name));
  return [
    { section: 'Processes', from: 'src/processes/services.ts', names: serviceNames },
    { section: 'Keys in Redis', from: 'src/redis/keys.ts', names: [...new Set(keyPatterns(keys))], users: usersOf(keys) },
    { section: 'Ports', from: 'src/config/environment.ts: variables that end in _PORT', names: named(/_PORT$/) },
    { section: 'Connections that go out', from: 'src/config/environment.ts: variables that end in _URL, _CLUSTER or _SENTINELS', names: named(/_(URL|CLUSTER|SENTINELS)$/) },
    { section: 'Routes of the board', from: 'bull-board/createApp.ts, and Bull Board', names: await boardRoutes() },
    { section: 'Routes of the API', from: 'src/http/operations.ts', names: apiRoutes() },
    { section: 'Messages of sockets', from: 'src/contract/socketProtocol.ts', names: messageTypes() },
    { section: 'Log streams', from: 'src/logging/components.ts', names: logComponents },
    { section: 'Commands', from: 'src/cli/createProgram.ts', names: commandsOf(createProgram()) },
    { section: 'Files on disk', from: 'src/config/environment.ts: variables that end in _FILE or _DIR', names: named(/_(FILE|DIR)$/) },
    { section: 'Secrets', from: 'src/config/environment.ts: variables that end in _SECRET, _PASSWORD, _KEY or _HASH, but for the policy ANALYTICS_GUARD_SECRET', names: named(/_(?<!GUARD_)(SECRET|PASSWORD|KEY|HASH)$/) },
  ];
}

/** By the patterns of the access lists: a pattern that takes in more than it is meant for is named on the page. */
function usersOf(keys: Keys): ReadonlyMap<string, string> {
  const families = Object.entries(keyFamilies(keys));
  const users = Object.entries<AclUser>(aclUsers);
  return new Map(
    keyPatterns(keys).map((pattern) => {
      const holding = new Set(families.filter(([, patterns]) => (patterns as readonly string[]).includes(pattern)).map(([family]) => family));
      const having = users.filter(([, { rights }]) => rights.some((right) => right.keys.some((family) => holding.has(family)) && right.commands.some((command) => !HARMLESS.has(command))));
      const isEverybody = users.every(([name]) => name === APART || having.some(([other]) => other === name));
      return [pattern, isEverybody ? 'all' : having.map(([name]) => name).join(', ')];
    }),
  );
}

function messageTypes(): string[] {
  return [...clientMessageSchema.options, ...serverMessageSchema.options].map((schema) => schema.shape.type.value);
}

/** Commands that do something, as they are called. */
function commandsOf({ commands }: Command, before = ''): string[] {
  return commands.flatMap((command) => {
    const name = `${before}${command.name()}`;
    return command.commands.length === 0 ? [name] : commandsOf(command, `${name} `);
  });
}
