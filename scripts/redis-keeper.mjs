// Keeps the embedded Redis of "npm start" (see lib/embeddedRedis.mjs), in a process group of its own: Ctrl-C reaches the
// whole group of the terminal and would end Redis while the application still drains.
//
// It reads its settings from the first line of stdin and then waits for the end of stdin. That comes when its parent
// asks for the end, and also when the parent was killed: so Redis never outlives the application.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { isRunning, takeLock } from './lib/processLock.mjs';

/** In the command of redis-server and of valkey-server. */
const SERVER = '-server';
const STOP_MS = 10_000;
const RESTARTS_A_MINUTE = 5;

let lock;
let server;
let adoptedPid;
let ending = false;
const restarts = [];

// Only the end of stdin ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.stdout.on('error', () => undefined);

const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const input = createInterface({ input: process.stdin });
input.once('line', (line) => void keep(JSON.parse(line)));
input.once('close', () => void end(0));

async function keep(settings) {
  mkdirSync(settings.folder, { recursive: true, mode: 0o700 });
  lock = takeLock(join(settings.folder, 'keeper.lock'), 'redis-keeper', { parent: settings.parent, port: settings.port });
  if (lock === undefined) {
    tell({ event: 'failed', reason: 'locked' });
    return end(1);
  }
  if (settings.adopt !== undefined) {
    adoptedPid = settings.adopt;
    tell({ event: 'ready', pid: adoptedPid });
    return watchAdopted(settings);
  }
  return launch(settings);
}

async function launch(settings) {
  const log = createWriteStream(join(settings.folder, 'redis.log'), { flags: 'a', mode: 0o600 });
  let lastLines = '';
  // The configuration goes by stdin, since it may hold a password and the command line is readable by everybody.
  server = spawn(settings.program, ['-'], { cwd: settings.folder, stdio: ['pipe', 'pipe', 'pipe'] });
  server.stdin.on('error', () => undefined);
  server.stdin.end(settings.configuration);
  for (const output of [server.stdout, server.stderr]) {
    output.pipe(log, { end: false });
    output.setEncoding('utf8').on('data', (text) => {
      lastLines = (lastLines + text).slice(-1500);
    });
  }
  const child = server;
  let isReady = false;
  let spawnError;
  const gone = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', (error) => {
      spawnError = error.code;
      resolve();
    });
  });
  void gone.then(async () => {
    server = undefined;
    log.end();
    if (ending) return;
    if (!isReady) {
      tell({ event: 'failed', reason: spawnError ?? 'ended', lastLines });
      return end(1);
    }
    const now = Date.now();
    restarts.push(now);
    if (restarts.filter((at) => at > now - 60_000).length > RESTARTS_A_MINUTE) {
      tell({ event: 'failed', reason: 'ended too often', lastLines });
      return end(1);
    }
    tell({ event: 'restarting' });
    await new Promise((resolve) => setTimeout(resolve, 250));
    if (!ending) await launch(settings);
  });

  while (!ending && server === child) {
    if (await isListening(settings)) {
      isReady = true;
      lock.update({ parent: settings.parent, port: settings.port, server: child.pid });
      tell({ event: 'ready', pid: child.pid });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** It listens before it has loaded its data; the application waits for the rest. */
function isListening({ host, port }) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.setTimeout(1000, () => settle(false));
  });
}

async function watchAdopted(settings) {
  while (!ending) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (ending || isRunning(adoptedPid, SERVER)) continue;
    adoptedPid = undefined;
    tell({ event: 'restarting' });
    return launch(settings);
  }
}

/** SIGTERM makes Redis write what it has and end. Nobody can answer our questions any more: bounded, then SIGKILL. */
async function end(code) {
  if (ending) return;
  ending = true;
  const pid = server?.pid ?? adoptedPid;
  const deadline = Date.now() + STOP_MS;
  if (pid !== undefined) signal(pid, 'SIGTERM');
  while (pid !== undefined && isRunning(pid, SERVER)) {
    if (Date.now() > deadline) signal(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  lock?.release();
  process.exit(code);
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // it ended by itself
  }
}
