import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** While this file is there, children of the process do not end to load. */
export const hangFile = (pid: number): string => join(tmpdir(), `analytics-hang-${pid}`);

if (existsSync(hangFile(process.ppid))) await new Promise(() => setInterval(() => undefined, 1000));

/** Says which process ran it. */
export default async function fine(): Promise<number> {
  return process.pid;
}
