import { readdirSync, readFileSync } from 'node:fs';

/** Ids of the processes that `pid` started and that still run, as Linux tells; empty elsewhere. */
export function childrenOf(pid: number): number[] {
  return processIds().filter((each) => parentOf(each) === pid);
}

/** Ids of the running processes whose environment holds `text`. */
export function processesWith(text: string): number[] {
  return processIds().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text);
    } catch {
      return false; // it has ended, or is somebody else's
    }
  });
}

export function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name stands in brackets and may hold blanks; what follows is counted from its end.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** What a process is and does, for a report. */
export function describeProcess(pid: number): string {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(1).join(' ');
    const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return `${pid} (${state}) ${command.slice(-80)}`;
  } catch {
    return `${pid}, which has ended meanwhile`;
  }
}

export const hasProcessTree = process.platform === 'linux';

/** Why a fault that picks out children cannot be brought about here. */
export function withoutProcessTree(): string | undefined {
  return hasProcessTree ? undefined : 'Only Linux tells which processes are whose children.';
}

function processIds(): number[] {
  if (!hasProcessTree) return [];
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}
