import { writeFile } from 'node:fs';
import { setPriority } from 'node:os';

/** A tenth of the share of a process that is left alone. */
const NICE = 10;

/**
 * Gives a process less of the processors than others, where that is allowed. It cannot be taken back: only root may.
 * A child has a session of its own, and Linux shares the processors out between sessions first (sched_autogroup), so its session
 * is lowered too.
 */
export function lowerPriority(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    return; // it has ended
  }
  if (process.platform === 'linux') writeFile(`/proc/${pid}/autogroup`, String(NICE), () => undefined);
}
