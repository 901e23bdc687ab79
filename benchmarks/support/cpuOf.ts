import { readdir, readFile } from 'node:fs/promises';

/** Linux counts CPU time in ticks of 10 ms. */
const TICK_SECONDS = 0.01;

interface ProcessTimes {
  readonly parent: number;
  readonly seconds: number;
}

/**
 * CPU seconds that each process has used so far, and, as `{name}’s children`, its descendants; 0 for all where there is
 * no /proc.
 */
export async function cpuOf(pids: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  const all = await readProcesses();
  const secondsOf = (pid: number): number => (all.get(pid)?.seconds ?? 0) + secondsBelow(pid);
  const secondsBelow = (pid: number): number =>
    [...all].reduce((sum, [child, { parent }]) => (parent === pid ? sum + secondsOf(child) : sum), 0);
  return Object.fromEntries(
    Object.entries(pids).flatMap(([name, pid]) => {
      const below = secondsBelow(pid);
      const own = [name, all.get(pid)?.seconds ?? 0] as const;
      return below > 0 ? [own, [`${name}’s children`, below] as const] : [own];
    }),
  );
}

async function readProcesses(): Promise<Map<number, ProcessTimes>> {
  const names = await readdir('/proc').catch(() => []);
  const all = new Map<number, ProcessTimes>();
  await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map(async (name) => {
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => ''); // It may have ended meanwhile.
      // The program's name stands in brackets and may hold blanks; the fields behind it are counted from its end.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
      const [, parent = 0] = fields;
      if (stat !== '') all.set(Number(name), { parent, seconds: ((fields[11] ?? 0) + (fields[12] ?? 0)) * TICK_SECONDS });
    }),
  );
  return all;
}
