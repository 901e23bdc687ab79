import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

import { witness } from './witness/witness.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A program of this project that runs as a user would run it: in a process group of its own, like at a terminal. */
export interface RunningProgram {
  readonly child: ChildProcess;
  /** Everything that it has written so far, stdout and stderr together. */
  output(): string;
  /** Resolves with the output once it holds `text`; fails when the program ends first. */
  waitFor(text: string | RegExp, mostMs?: number): Promise<string>;
  /** Like Ctrl-C at a terminal: every process of the group gets the signal. */
  signalGroup(signal: NodeJS.Signals): void;
  /** Resolves with its exit code, or the signal that ended it. */
  ended(mostMs?: number): Promise<number | NodeJS.Signals>;
}

/**
 * Runs `node ...args` in the project's folder with `env` beside PATH and HOME, and nothing else of the environment.
 * @param input what it reads from its standard input. Default: nothing
 */
export function runProgram(args: readonly string[], env: Readonly<Record<string, string>>, input?: string | Buffer): RunningProgram {
  const child = spawn(process.execPath, args, {
    cwd: root,
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  });
  child.stdin?.on('error', () => undefined).end(input); // it may end without having read
  let text = '';
  const append = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout?.on('data', append);
  child.stderr?.on('data', append);
  child.once('close', witness.hears(args.find((arg) => /\.(?:[cm]?js|ts)$/.test(arg)) ?? 'a program', [...args, ...Object.values(env)], () => text));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;

  return {
    child,
    output: () => text,
    async waitFor(wanted, mostMs = 20_000) {
      const isThere = (): boolean => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
      const met = await until(() => isThere() || hasEnded(), mostMs);
      if (!met || !isThere()) throw new Error(`Never said ${String(wanted)}:\n${text}`);
      return text;
    },
    signalGroup(signal) {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    },
    async ended(mostMs = 20_000) {
      if (!(await until(hasEnded, mostMs))) throw new Error(`Did not end within ${mostMs} ms:\n${text}`);
      if (child.stdout?.readableEnded === false) await Promise.race([once(child, 'close'), pause(500)]);
      return child.exitCode ?? child.signalCode ?? 'SIGKILL';
    },
  };
}

/** Whether `condition` came true within `mostMs`. */
export async function until(condition: () => boolean | Promise<boolean>, mostMs = 10_000): Promise<boolean> {
  const deadline = performance.now() + mostMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await pause(10);
  }
  return true;
}

/** Whether something listens on the port of 127.0.0.1. */
export async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
