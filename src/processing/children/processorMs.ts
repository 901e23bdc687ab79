import { readFile } from 'node:fs/promises';

/** Linux counts in hundredths of a second, whatever its kernel does (proc_pid_stat(5)). */
const TICK_MS = 10;

/** How long a process has had a processor so far, ms; undefined where the system does not tell, or the process has ended. */
export async function processorMs(pid: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  // Behind the name, which may hold anything: the fields from the third on.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
