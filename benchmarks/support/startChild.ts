import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import type { Commands, Reply, Request } from './commands.js';

/** A child process of the benchmark that answers commands. */
export interface Child<C extends Commands> {
  readonly pid: number;
  ask<K extends keyof C & string>(command: K, input: Parameters<C[K]>[0]): Promise<Awaited<ReturnType<C[K]>>>;
  stop(): Promise<void>;
}

/**
 * Starts the compiled file at `url` as a process of its own. It ends with this process, whatever happens to it.
 * @param flags Node's own
 */
export function startChild<C extends Commands>(url: URL, env: Readonly<Record<string, string>>, flags: readonly string[] = []): Child<C> {
  const child = fork(url, { env: { ...process.env, ...env }, execArgv: [...flags], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<number, { resolve: (output: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;

  child.on('message', (reply: Reply) => {
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.error === undefined) caller?.resolve(reply.output);
    else caller?.reject(new Error(reply.error));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) {
      reject(new Error(`${url.pathname} ended (${signal ?? `code ${code}`}) before it answered.`));
    }
    waiting.clear();
  });

  return {
    pid: child.pid ?? 0,
    ask(command, input) {
      const request: Request = { id: (last += 1), command, input };
      return new Promise((resolve, reject) => {
        // The child is compiled from the same `C` and so answers what the command returns.
        waiting.set(request.id, { resolve: resolve as (output: unknown) => void, reject });
        child.send(request, (error) => {
          if (error) reject(error);
        });
      });
    },
    stop: () => endProcess(child),
  };
}

const STOP_MS = 15_000;

/** Asks a process to end and kills it when it has not after 15 s. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}
