import { readdir, readFile } from 'node:fs/promises';

/** Linux counts CPU time in ticks of 10 ms. */
const TICK_SECONDS = 0.01;

interface ProcessTimes {
  readonly parent: number;
  readonly seconds: number;
}

/** CPU seconds that each process and its descendants have used so far; 0 for all where there is no /proc. */
export async function cpuOf(pids: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  const all = await readProcesses();
  const secondsOf = (pid: number): number => {
    let seconds = all.get(pid)?.seconds ?? 0;
    for (const [child, { parent }] of all) if (parent === pid) seconds += secondsOf(child);
    return seconds;
  };
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, secondsOf(pid)]));
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
