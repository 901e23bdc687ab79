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

export const hasProcessTree = process.platform === 'linux';

function processIds(): number[] {
  if (!hasProcessTree) return [];
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}
