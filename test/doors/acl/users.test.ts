import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { aclUsers, type AclUser, type AclUserName } from '../../../src/redis/acl/aclUsers.js';
import { formatAclFile } from '../../../src/redis/acl/formatAclFile.js';
import { keyFamilies } from '../../../src/redis/acl/keyFamilies.js';
import { createKeys, type Keys } from '../../../src/redis/keys.js';
import { queuePlaces } from '../../../queues/names.js';
import { runProgram } from '../../support/program.js';
import { openAclScene, type AclScene } from './AclScene.js';

const names = Object.keys(aclUsers) as AclUserName[]; // the table's own

let scene: AclScene;
beforeAll(async () => {
  scene = await openAclScene();
}, 60_000);
afterAll(async () => scene?.close());

/** What Redis says to a command of a user, without doing it. */
async function ask(user: AclUserName, ...command: readonly string[]): Promise<string> {
  return String(await scene.admin.call('ACL', 'DRYRUN', user, ...command));
}

const dangerous = [
  ['FLUSHALL'], ['FLUSHDB'], ['KEYS', '*'], ['CONFIG', 'GET', '*'], ['CONFIG', 'SET', 'dir', '/tmp'], ['MONITOR'], ['SHUTDOWN'], ['SAVE'], ['BGSAVE'],
  ['BGREWRITEAOF'], ['DEBUG', 'SLEEP', '0'], ['ACL', 'LIST'], ['ACL', 'SETUSER', 'x'], ['ACL', 'WHOAMI'], ['CLIENT', 'LIST'], ['CLIENT', 'KILL', 'TYPE', 'normal'], ['SLOWLOG', 'GET'],
  ['REPLICAOF', 'NO', 'ONE'], ['MODULE', 'LIST'], ['SCRIPT', 'FLUSH'], ['FUNCTION', 'LIST'], ['SWAPDB', '0', '1'], ['CLUSTER', 'RESET'], ['PSYNC', '?', '-1'], ['SUBSCRIBE', 'x'], ['PUBLISH', 'x', 'y'],
  ['MIGRATE', 'host', '6379', 'analytics:events:queue:x', '0', '1'], ['DUMP', 'analytics:events:queue:x'], ['RESTORE', 'analytics:events:queue:x', '0', 'x'], ['SORT', 'analytics:events:queue:x'],
  ['RANDOMKEY'], ['DBSIZE'], ['WAITAOF', '0', '0', '0'], ['LATENCY', 'DOCTOR'], ['COPY', 'analytics:events:queue:x', 'analytics:events:queue:y'],
] as const;

const foreign = [['GET', 'other:key'], ['SET', 'other:key', '1'], ['DEL', 'analytics'], ['HGETALL', 'analyticsx:events:processed:page_view'], ['GET', 'session:1'], ['EVAL', 'return 1', '1', 'other:key']] as const;

const chunks = 'analytics:events:processed:therapy_session';
const dataKeys = 'analytics:events:keys:therapy_session';
const job = 'analytics:events:queue:some-job';
/** For each user what it must not do, in the words of somebody who has taken its process over. */
const never: Readonly<Record<AclUserName, readonly (readonly string[])[]>> = {
  producer: [
    ['HGETALL', chunks], ['HGETALL', dataKeys], ['XRANGE', 'analytics:events:feed:security', '-', '+'], ['HGETALL', 'analytics:metrics:cpu'], ['HGETALL', 'analytics:catalogue:metrics'],
    ['DEL', job], ['ZPOPMIN', 'analytics:events:queue:prioritized'], ['LRANGE', 'analytics:events:queue:wait', '0', '-1'], ['HGETALL', job], ['HSET', 'analytics:keys:identity', 'publicId', 'x'], ['DEL', 'analytics:keys:identity'],
    ['RPUSH', 'analytics:audit:tail:x', 'x'], ['EVAL', 'return 1', '1', chunks], ['LRANGE', 'analytics:audit:tail:x', '0', '-1'],
  ],
  reader: [
    ['HSET', chunks, 'a', 'b'], ['HDEL', chunks, 'a'], ['DEL', chunks], ['HDEL', dataKeys, 'a'], ['XTRIM', 'analytics:events:feed:security', 'MAXLEN', '0'], ['HSET', job, 'data', '{}'], ['ZADD', 'analytics:events:queue:prioritized', '1', 'x'],
    ['HGETALL', job], ['LRANGE', 'analytics:events:queue:wait', '0', '-1'], ['DEL', 'analytics:audit:tail:x'], ['LTRIM', 'analytics:audit:tail:x', '1', '0'], ['LSET', 'analytics:audit:tail:x', '0', 'x'], ['HDEL', 'analytics:audit:heads', 'x'],
    ['HDEL', 'analytics:lockout:failures', 'x'], ['ZADD', 'analytics:lockout:locked', '1', 'x'], ['HGETALL', 'analytics:access:factors'], ['HSET', 'analytics:access:factors', 'a', 'b'],
  ],
  application: [['HSET', chunks, 'a', 'b'], ['DEL', chunks], ['HDEL', dataKeys, 'a'], ['ZPOPMIN', 'analytics:events:queue:prioritized'], ['DEL', job], ['LTRIM', 'analytics:audit:tail:x', '1', '0']],
  worker: [['DEL', 'analytics:keys:identity'], ['HSET', 'analytics:access:revoked', 'a', 'b'], ['HDEL', 'analytics:access:factors', 'a'], ['XRANGE', 'analytics:deadletters:dropped', '-', '+'], ['DEL', 'analytics:audit:tail:x'], ['LSET', 'analytics:audit:tail:x', '0', 'x'], ['DEL', 'analytics:audit:heads'], ['PFCOUNT', 'other:users']],
  scheduler: [['HGETALL', chunks], ['HGETALL', dataKeys], ['ZPOPMIN', 'analytics:events:queue:prioritized'], ['DEL', job], ['HGETALL', 'analytics:metrics:cpu'], ['RPUSH', 'analytics:audit:tail:x', 'x'], ['HSET', 'analytics:health:cleanup', 'a', 'b']],
  broadcaster: [['HSET', chunks, 'a', 'b'], ['HDEL', dataKeys, 'a'], ['HGETALL', job], ['XTRIM', 'analytics:events:feed:security', 'MAXLEN', '0'], ['XADD', 'analytics:events:feed:security', '*', 'a', 'b'], ['HGETALL', 'analytics:metrics:cpu'], ['HMGET', 'analytics:metrics:keys:cpu', 'a'], ['ZADD', 'analytics:events:queue:prioritized', '1', 'x']],
  board: [['HGETALL', chunks], ['HMGET', dataKeys, 'a'], ['HGETALL', 'analytics:metrics:cpu'], ['XRANGE', 'analytics:events:feed:security', '-', '+'], ['HSET', 'analytics:catalogue:events', 'a', 'b'], ['XRANGE', 'analytics:deadletters:dropped', '-', '+'], ['LTRIM', 'analytics:audit:tail:x', '1', '0'], ['DEL', 'analytics:lockout:failures'], ['HSET', 'analytics:access:keys', 'a', 'b'], ['HGETALL', 'analytics:access:factors']],
  http: [['HSET', chunks, 'a', 'b'], ['DEL', chunks], ['HDEL', dataKeys, 'a'], ['ZPOPMIN', 'analytics:events:queue:prioritized'], ['HGETALL', job], ['DEL', job], ['HSET', 'analytics:access:apikeys', 'a', 'b'], ['LTRIM', 'analytics:audit:tail:x', '1', '0']],
  combined: [['DEL', 'analytics:audit:tail:x'], ['DEL', 'analytics:audit:heads']],
  keeper: [['DEL', 'analytics:subjects:receipts'], ['HDEL', 'analytics:subjects:receipts', 'x'], ['DEL', 'analytics:audit:heads'], ['DEL', 'analytics:keys:identity']],
  keystore: [['HGETALL', chunks], ['HSET', chunks, 'a', 'b'], ['HGETALL', job], ['XRANGE', 'analytics:events:feed:security', '-', '+'], ['RPUSH', 'analytics:audit:tail:x', 'x'], ['HSET', 'analytics:health:cleanup', 'a', 'b']],
};

describe.each(names)('the user %s', (user) => {
  it('may run nothing that reaches beyond the keys of its work', async () => {
    const { alone = [] }: AclUser = aclUsers[user];
    for (const command of [...dangerous, ...foreign, ...never[user]].filter(([name]) => !alone.includes(String(name).toLowerCase()))) {
      const answer = await ask(user, ...command).catch((error: Error) => error.message);
      // A command that this Redis does not know is none that anybody could run.
      expect([command.join(' '), /no permissions|unknown command|Command '.*' not found/i.test(answer)]).toEqual([command.join(' '), true]);
    }
  });

  it('is refused by Redis itself, not by a dry run alone', async () => {
    const redis = scene.connect(user);
    await expect(redis.flushall()).rejects.toThrow(/NOPERM/);
    await expect(redis.keys('*')).rejects.toThrow(/NOPERM/);
    await expect(redis.config('GET', '*')).rejects.toThrow(/NOPERM/);
    const [first = []] = never[user];
    await expect(redis.call(...(first as [string, ...string[]]))).rejects.toThrow(/NOPERM/); // there is one for each
    await expect(redis.eval("return redis.call('FLUSHALL')", 0)).rejects.toThrow(/NOPERM|can't run this command|permission/i);
  });

  it('may do what it is there for', async () => {
    const tasks: Readonly<Record<AclUserName, readonly string[]>> = {
      producer: ['EVALSHA', 'x', '1', 'analytics:events:queue:wait'],
      reader: ['HMGET', chunks, 'a'],
      application: ['HMGET', chunks, 'a'],
      worker: ['HSET', chunks, 'a', 'b'],
      scheduler: ['ZADD', 'analytics:queues:maintenance:repeat', '1', 'x'],
      broadcaster: ['XRANGE', 'analytics:events:feed:security', '-', '+'],
      board: ['ZREM', 'analytics:events:queue:failed', 'x'],
      http: ['HMGET', chunks, 'a'],
      combined: ['HSET', chunks, 'a', 'b'],
      keeper: ['HDEL', dataKeys, 'a'],
      keystore: ['HDEL', dataKeys, 'a'],
    };
    expect(await ask(user, ...tasks[user])).toBe('OK');
  });
});

describe('the file of users', () => {
  it('lets nobody in without a name', async () => {
    expect(String(await scene.admin.call('ACL', 'LIST'))).toContain('user default off');
  });

  it.each([false, true])('covers every key of the service, cluster: %s', (cluster) => {
    const keys = createKeys('analytics:', { cluster });
    const patterns = Object.values(keyFamilies(keys)).flat();
    const isCovered = (key: string) => patterns.some((pattern) => new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(key));
    for (const key of everyKey(keys)) expect([key, isCovered(key)]).toEqual([key, true]);
    // What the search would find: a key of no family.
    expect(isCovered('analytics:forgotten:x')).toBe(false);
    const used = new Set(Object.values<AclUser>(aclUsers).flatMap(({ rights }) => rights.flatMap((right) => right.keys)));
    expect(Object.keys(keyFamilies(keys)).filter((family) => !used.has(family as never))).toEqual([]);
  });

  it('grants every command that a script of ours runs to somebody', async () => {
    const folder = 'src/redis/scripts';
    const granted = new Set<string>(Object.values<AclUser>(aclUsers).flatMap(({ rights }) => rights.flatMap(({ commands }) => commands.map((command) => command.split('|')[0] ?? ''))));
    const scripts = (await readdir(folder)).filter((name) => name.endsWith('.lua'));
    const texts = await Promise.all(scripts.map(async (name) => readFile(join(folder, name), 'utf8')));
    const commands = texts.flatMap((text) => [...text.matchAll(/redis\.p?call\(\s*'([A-Z]+)'/g)].map(([, name = '']) => name.toLowerCase()));
    expect(commands.length).toBeGreaterThan(50);
    expect([...new Set(commands)].filter((command) => !granted.has(command) && command !== 'time')).toEqual([]);
  });

  it('is made for the prefix that is configured', () => {
    const passwords = Object.fromEntries([...names, 'admin'].map((name) => [name, 'x'])) as Parameters<typeof formatAclFile>[1];
    const text = formatAclFile(createKeys('clinic-7:'), passwords);
    expect(text).toContain('~clinic-7:events:processed:*');
    expect(text).not.toContain('analytics:');
  });

  it('holds no password, is for its owner alone, and keeps passwords when it is made again', async () => {
    const file = join(scene.folder, 'users.acl');
    const text = readFileSync(file, 'utf8');
    const passwords = names.map((name) => readFileSync(join(scene.folder, `${name}.password`), 'utf8').trim());
    expect(new Set(passwords).size).toBe(names.length);
    for (const password of passwords) expect(text.includes(password)).toBe(false);
    for (const name of ['users.acl', ...names.map((user) => `${user}.password`)]) expect([name, statSync(join(scene.folder, name)).mode & 0o077]).toEqual([name, 0]);
    const again = runProgram(['dist/src/cli/main.js', 'acl', '--dir', scene.folder], {});
    expect(await again.ended(60_000)).toBe(0);
    for (const password of passwords) expect(again.output()).not.toContain(password);
    expect(readFileSync(file, 'utf8')).toBe(text);
    // It ends the connections of users that it renews.
    expect(await scene.connect('admin').call('ACL', 'LOAD')).toBe('OK');
  });
});

/** One key of each kind, made as the service makes them. */
function everyKey(keys: Keys): string[] {
  const listed = (value: unknown): string[] => {
    if (typeof value === 'string') return [value];
    if (typeof value === 'function') return listed((value as (name: string) => unknown)('page_view')); // every one takes a name or a number
    return Object.values(value as object).flatMap(listed);
  };
  const rest = Object.entries(keys).filter(([name]) => !['prefix', 'eventQueuePrefix', 'queuePrefix', 'queueFence'].includes(name));
  const places = Object.values(queuePlaces(keys));
  return [...rest.flatMap(([, value]) => listed(value)), ...places.flatMap(({ prefix, name }) => [keys.queueFence(prefix), `${prefix}:${name}:meta`, `${prefix}:${name}:01a217b2-05b7-7000-bbb6-fed7f58e361c`])];
}
