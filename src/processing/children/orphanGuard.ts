import { spawn, type ChildProcess } from 'node:child_process';

/**
 * Kills the children of this process once it is gone, whatever it died of and whatever they do. A child that hears its
 * parent go ends by itself; one that is stopped, or in an endless loop, does not hear, nor does any thread in one that is
 * stopped. So a shell stands beside: it holds the end of a pipe from this process, which closes with it, and the
 * list of children that came through it. It costs 1 MB once, and nothing per job.
 */
const SCRIPT = "trap '' INT TERM HUP; while read -r line; do pids=$line; done; [ -z \"$pids\" ] || kill -9 $pids";

const guarded = new Set<number>();
let guard: ChildProcess | undefined;

/** @returns lets the child go: it has ended, and its id may be given to another process */
export function guardOrphan(pid: number): () => void {
  guarded.add(pid);
  tell();
  return () => {
    guarded.delete(pid);
    tell();
  };
}

function tell(): void {
  if (guarded.size === 0) {
    // The last line is empty, so that it kills nobody.
    guard?.stdin?.end('\n');
    guard = undefined;
    return;
  }
  guard ??= start();
  guard?.stdin?.write(`${[...guarded].join(' ')}\n`);
}

/** Where there is no shell, children that hang outlive a parent that was killed; all others end by themselves. */
function start(): ChildProcess | undefined {
  const started = spawn('/bin/sh', ['-c', SCRIPT, 'analytics-orphan-guard'], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: {} });
  started.once('error', () => undefined);
  started.stdin.on('error', () => undefined);
  started.once('exit', () => {
    if (guard !== started) return;
    guard = undefined;
    tell();
  });
  started.unref();
  return started;
}
