import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { bareEnvironment } from './environments.mjs';
import { isRunning, readLock } from './processLock.mjs';
import { Problem, root, note, sleep } from './project.mjs';
import { ensureRedisProgram, findRedisProgram } from './redisProgram.mjs';

const LOAD_MS = 10 * 60_000;
const STOP_MS = 15_000;

/** @typedef {{ REDIS_URL: string, REDIS_TLS: boolean, ANALYTICS_DATA_DIR: string, isProduction: boolean }} Config */

/**
 * Makes sure that Redis answers at REDIS_URL: uses the one that is there, or starts one on a loopback address.
 *
 * @param {Config} config
 * @param {(config: Config) => Promise<object>} inspectRedis the built src/processes/inspectRedis
 * @param {(host: string) => boolean} isLoopback
 * @returns {Promise<{ stop(): Promise<void> } | undefined>} the Redis to end last, or undefined if it is somebody else's
 */
export async function provideRedis(config, inspectRedis, isLoopback) {
  const url = new URL(config.REDIS_URL);
  const folder = join(resolve(config.ANALYTICS_DATA_DIR), 'redis');
  const mayStart = isLoopback(url.hostname) && url.protocol === 'redis:' && !config.REDIS_TLS;

  if (mayStart) await leftoverGone(folder);
  let found = await settled(inspectRedis, config);
  if (found.state === 'absent') {
    if (!mayStart) {
      throw new Problem(
        `No Redis answers at ${shown(url)}.\n` +
          (isLoopback(url.hostname) ? 'One with TLS is not started from here: start it' : 'It is on another machine, so nothing is started or installed here: check the address, the network and that it runs') +
          ', or unset REDIS_URL to have one started here.',
      );
    }
    // An installed package may have started a service on this very port: look again.
    const program = ensureRedisProgram();
    if (program.isNew) {
      await sleep(500);
      found = await settled(inspectRedis, config);
    }
    if (found.state === 'absent') return startKeeper(url, folder, { program: program.path });
  }
  if (found.state === 'refused') throw new Problem(`The Redis at ${shown(url)} cannot be used. ${found.reason}`);

  // One of ours whose keeper was killed: take it over, so that it ends with us.
  if (mayStart && isSameFolder(found.folder, folder) && readHolder(folder) === undefined) {
    note(`Taking over the Redis that an earlier start left on ${shown(url)}.`);
    return startKeeper(url, folder, { program: findRedisProgram(), adopt: found.processId });
  }
  return undefined;
}

async function settled(inspectRedis, config) {
  const deadline = Date.now() + LOAD_MS;
  for (let told = false; ; told = true) {
    const found = await inspectRedis(config);
    if (found.state !== 'loading' || Date.now() > deadline) return found;
    if (!told) note('Redis is loading its data ...');
    await sleep(250);
  }
}

/** The keeper that holds the folder now, or undefined. */
function readHolder(folder) {
  const holder = readLock(join(folder, 'keeper.lock'));
  return holder !== undefined && isRunning(holder.pid, 'redis-keeper') ? holder : undefined;
}

/** After its parent was killed a keeper needs a moment to end Redis; what we would find meanwhile is about to go. */
async function leftoverGone(folder) {
  const deadline = Date.now() + STOP_MS;
  for (let holder = readHolder(folder); holder !== undefined && !isRunning(holder.parent, 'node') && Date.now() < deadline; holder = readHolder(folder)) {
    await sleep(50);
  }
}

function isSameFolder(told, folder) {
  try {
    return told !== undefined && realpathSync(told) === realpathSync(folder);
  } catch {
    return false;
  }
}

async function startKeeper(url, folder, { program, adopt }) {
  const port = Number(url.port || 6379);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const keeper = spawn(process.execPath, [join(root, 'scripts/redis-keeper.mjs')], { detached: true, stdio: ['pipe', 'pipe', 'inherit'], env: bareEnvironment() });
  keeper.stdin.on('error', () => undefined);
  const settings = { program, adopt, folder, host, port, parent: process.pid, configuration: configurationFor(url, host, port, folder) };
  keeper.stdin.write(`${JSON.stringify(settings)}\n`);

  const events = createInterface({ input: keeper.stdout });
  const first = await new Promise((resolveFirst) => {
    events.once('line', (line) => resolveFirst(JSON.parse(line)));
    keeper.once('exit', () => resolveFirst({ event: 'failed', reason: 'the keeper ended' }));
    keeper.once('error', (error) => resolveFirst({ event: 'failed', reason: error.code }));
  });
  if (first.event === 'failed') throw new Problem(whyFailed(first, folder, url));
  events.on('line', (line) => {
    const { event } = JSON.parse(line);
    if (event === 'restarting') process.stderr.write('The embedded Redis ended unexpectedly; starting it again.\n');
    if (event === 'failed') process.stderr.write(`The embedded Redis keeps ending. See ${join(folder, 'redis.log')}.\n`);
  });

  return {
    async stop() {
      keeper.stdin.end();
      if (keeper.exitCode !== null || keeper.signalCode !== null) return;
      await Promise.race([once(keeper, 'exit'), sleep(STOP_MS)]);
    },
  };
}

function whyFailed(failure, folder, url) {
  if (failure.reason === 'locked') {
    const holder = readHolder(folder);
    return (
      `The data folder ${folder} is in use by a Redis on port ${holder?.port ?? '?'}, kept by another "npm start" (process ${holder?.parent ?? '?'}).\n` +
      'End that one first, or give this one a folder of its own by ANALYTICS_DATA_DIR.'
    );
  }
  const said = failure.lastLines ? `\nIt said:\n${failure.lastLines.trim().split('\n').slice(-6).join('\n')}` : '';
  return `Redis could not be started on ${shown(url)} (${failure.reason}).${said}`;
}

/** One second of acknowledged data at most can be lost, and only with the machine; memory is never evicted. */
function configurationFor(url, host, port, folder) {
  const password = decodeURIComponent(url.password);
  const user = decodeURIComponent(url.username);
  const lines = [
    `port ${port}`,
    // The minus: a machine without IPv6 is fine.
    `bind ${host === 'localhost' ? '127.0.0.1 -::1' : host}`,
    `dir ${quoted(folder)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    'daemonize no',
  ];
  if (password !== '' && (user === '' || user === 'default')) lines.push(`requirepass ${quoted(password)}`);
  if (password !== '' && user !== '' && user !== 'default') lines.push(`user ${user} on ${quoted(`>${password}`)} ~* &* +@all`);
  return `${lines.join('\n')}\n`;
}

function quoted(text) {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The address without the password. */
export function shown(url) {
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}
