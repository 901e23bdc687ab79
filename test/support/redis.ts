import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import type { TestCertificate } from './certificates.js';
import { witness } from './witness/witness.js';

/** A real redis-server of the test's own, on a free port of 127.0.0.1, with a folder of its own. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  /** Process id of the server itself: for SIGSTOP, SIGCONT and SIGKILL. It changes with `restart`. */
  readonly pid: number;
  /** Sends the server a signal; resolves when it has gone, unless the signal only stops or continues it. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and folder, ending it first if it still runs. Without AOF the data is gone. */
  restart(): Promise<void>;
  /** Ends the server and removes its folder. Safe to call twice. @throws when people of the tests lie open in it: CONTRIBUTING.md */
  stop(): Promise<void>;
}

export interface TestRedisOptions {
  /** Further arguments of redis-server, such as `['--appendonly', 'yes', '--maxmemory', '50mb']`; they win over the defaults. */
  readonly args?: readonly string[];
  /** Writes what the server reads into its folder. @returns arguments that come before all others, such as a file of configuration */
  readonly configure?: (dir: string) => readonly string[];
  /** Speaks TLS alone, with this certificate, and asks its clients for one of the same authority. */
  readonly tls?: { readonly caFile: string; readonly certificate: TestCertificate };
  /** Variables of the server's own, such as LD_PRELOAD. */
  readonly env?: Readonly<Record<string, string>>;
  /** A port to use instead of a free one. */
  readonly port?: number;
}

// The shell becomes the server and leaves behind a watcher that holds a pipe to the test process. However that process
// ends (kill -9 included), the watcher sees the end of the pipe and kills the server: no test leaves one behind.
const LAUNCHER = 'exec 3<&0; (cat <&3; kill -9 $$) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';

/** Starts a server without persistence, unless `args` ask for it. Resolves when it answers. */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'analytics-redis-'));
  const first = options.configure?.(dir) ?? [];
  let port = options.port ?? (await freePort());
  let running: ChildProcess | undefined;
  for (let attempt = 1; running === undefined; attempt += 1) {
    try {
      running = await launch(port, dir, first, options);
    } catch (error) {
      // Somebody else may have taken the port between finding and using it.
      if (attempt === 5 || options.port !== undefined) throw error;
      port = await freePort();
    }
  }

  let isStopped = false;
  witness.started(port);

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (running === undefined) return;
    const server = running;
    server.kill(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    running = undefined;
    await ended(server);
  };
  const end = async (): Promise<void> => {
    if (running === undefined) return;
    const server = running;
    running = undefined;
    server.kill('SIGKILL');
    await ended(server);
  };

  return {
    url: `redis${options.tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      if (running?.pid === undefined) throw new Error('This redis-server is not running.');
      return running.pid;
    },
    kill,
    async restart() {
      await end();
      running = await launch(port, dir, first, options);
    },
    async stop() {
      if (isStopped) return;
      isStopped = true;
      try {
        await witness.end({ port, dir, isRunning: running !== undefined, closedBy: closedBy(first, options), end });
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

/** Why the server could not be asked for what it holds. */
function closedBy(first: readonly string[], { tls }: TestRedisOptions): string | undefined {
  if (first.includes('--sentinel')) return 'a sentinel';
  return tls === undefined ? undefined : 'TLS';
}

async function launch(port: number, dir: string, first: readonly string[], { args = [], tls, env }: TestRedisOptions): Promise<ChildProcess> {
  const program = redisProgram();
  const isSentinel = first.includes('--sentinel');
  const where = [...portOf(port, tls), '--bind', '127.0.0.1', '--dir', dir, '--loglevel', 'warning'];
  const defaults = isSentinel ? where : [...where, '--save', '', '--appendonly', 'no'];
  const server = spawn('/bin/sh', ['-c', LAUNCHER, 'launcher', program, ...first, ...defaults, ...args], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  server.once('exit', () => server.stdin.destroy());
  let output = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-4000);
  });
  server.once('close', witness.hears('redis-server', [], () => output));
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    if (server.exitCode !== null || server.signalCode !== null) throw new Error(`${program} ended at once:\n${output}`);
    if (await answers(port, server.pid, tls)) return server;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  server.kill('SIGKILL');
  throw new Error(`${program} did not answer on port ${port} within 15 s:\n${output}`);
}

function portOf(port: number, tls: TestRedisOptions['tls']): string[] {
  if (tls === undefined) return ['--port', String(port)];
  const { caFile, certificate } = tls;
  const files = ['--tls-ca-cert-file', caFile, '--tls-cert-file', certificate.certFile, '--tls-key-file', certificate.keyFile];
  return ['--port', '0', '--tls-port', String(port), ...files, '--tls-replication', 'yes', '--tls-cluster', 'yes'];
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
}

/** Whether a process with this id runs; one that has ended and only waits to be reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // Not Linux, or it ended just now.
    return process.platform !== 'linux';
  }
}

/** Below the ports that systems give to outgoing connections: one of those could be taken before it is listened on. */
const PORTS = { first: 15_000, each: 2000 };

/** A port of 127.0.0.1 that is free, and that no other test worker is given; outside the tests one of a range of its own. */
export async function freePort(): Promise<number> {
  const worker = Number(process.env['JEST_WORKER_ID'] ?? 0) % 8;
  for (;;) {
    const port = PORTS.first + worker * PORTS.each + Math.floor(Math.random() * PORTS.each);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

function redisProgram(): string {
  const found = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (found === undefined) throw new Error('The tests need redis-server or valkey-server; "npm test" installs it where it may.');
  return found;
}

/** Whether the server with this process id answers: somebody else's may have the port, and ours ends a moment later. */
async function answers(port: number, pid: number | undefined, tls: TestRedisOptions['tls']): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = tls === undefined ? connect(port, '127.0.0.1') : connectTls({ port, host: '127.0.0.1', ca: readFileSync(tls.caFile), cert: tls.certificate.cert, key: tls.certificate.key });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.on('error', () => settle(false));
    socket.on(tls === undefined ? 'connect' : 'secureConnect', () => socket.write('PING\r\nINFO server\r\n'));
    // While it loads its data it answers -LOADING: not ready yet. With a password it answers -NOAUTH, and does not say who it is.
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
      const id = /process_id:(\d+)\r/.exec(text)?.[1];
      if (text.startsWith('-')) settle(text.startsWith('-NOAUTH'));
      else if (id !== undefined) settle(Number(id) === pid);
    });
  });
}
