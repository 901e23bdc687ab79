import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whether the process exists and, where the system tells, was started with `word` in its command. */
export function isRunning(pid, word) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  const command = commandOf(pid);
  return command === undefined || command.includes(word);
}

/** A process id is used again after a restart of the machine, so the id alone says little. */
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    const listed = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return listed.status === 0 ? listed.stdout : undefined;
  }
}

/** What the lock file holds: undefined if there is none, or one that is just being written. */
export function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Takes the lock, also from a holder that no longer runs.
 *
 * @param {string} path
 * @param {string} word a word of the holder's command, by which a re-used process id is told apart
 * @param {object} [details] kept in the file beside `pid`
 * @returns {{ release: () => void, update: (details: object) => void } | undefined} undefined if somebody else holds it
 */
export function takeLock(path, word, details = {}) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const content = (more) => JSON.stringify({ pid: process.pid, ...details, ...more });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(path, content({}), { flag: 'wx', mode: 0o600 });
      return { release: () => rmSync(path, { force: true }), update: (more) => writeFileSync(path, content(more), { mode: 0o600 }) };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readLock(path);
    if (holder === undefined || isRunning(holder.pid, word)) return undefined;
    if (!removeStale(path, holder)) return undefined;
  }
  return undefined;
}

/** Renames before it deletes, and looks again: of two that find the same stale lock only one may go on. */
function removeStale(path, stale) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return true;
  }
  const taken = readLock(aside);
  if (taken !== undefined && taken.pid !== stale.pid) {
    renameSync(aside, path);
    return false;
  }
  rmSync(aside, { force: true });
  return true;
}
