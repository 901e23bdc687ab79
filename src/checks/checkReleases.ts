import type { HeartbeatReading } from '../monitoring/readHeartbeats.js';
import type { Format, Release } from '../monitoring/release.js';
import type { Finding } from './Finding.js';

type Other = Pick<HeartbeatReading, 'role' | 'host' | 'pid' | 'version' | 'bullmq'> & { readonly formats?: Release['formats'] | undefined };

/**
 * Compares this release with those that run. Releases may run side by side as long as each can read what the others write:
 * that is what a rolling update needs.
 */
export function checkReleases(own: Release, others: readonly Other[]): Finding[] {
  const findings = new Map<string, Finding>();
  const add = (kind: Finding['kind'], sentence: string): void => void findings.set(sentence, { kind, sentence });
  for (const { role, host, pid, version, bullmq, formats = {} } of others) {
    const who = `a process that runs (${role}, ${host}, pid ${pid}, version ${version})`;
    for (const kind of new Set([...Object.keys(own.formats), ...Object.keys(formats)])) {
      const problem = disagreement(kind, own.formats[kind], formats[kind], who);
      if (problem !== undefined) add('refuse', problem);
    }
    if (majorOf(bullmq) !== majorOf(own.bullmq) && bullmq !== 'unknown') {
      add('refuse', `The queues are used by ${who} with BullMQ ${bullmq}, and this one has ${own.bullmq}. End that one first.`);
    } else if (version !== own.version) {
      add('warn', `Version ${version} runs beside this one, ${own.version}. That is as it should be during an update only.`);
    } else if (bullmq !== own.bullmq) add('warn', `BullMQ ${bullmq} runs beside this one, ${own.bullmq}. Install the same packages everywhere.`);
  }
  return [...findings.values()];
}

function disagreement(kind: string, own: Format | undefined, other: Format | undefined, who: string): string | undefined {
  // A kind that one of the two does not have is not written for it to read.
  if (own === undefined || other === undefined) return undefined;
  if (!other.reads.includes(own.writes)) {
    return `This release writes format ${own.writes} of "${kind}", which ${who} cannot read. Update that one first, or end it.`;
  }
  if (!own.reads.includes(other.writes)) {
    return `This release cannot read format ${other.writes} of "${kind}", which ${who} writes. Install that version here too.`;
  }
  return undefined;
}

function majorOf(version: string): string {
  return version.split('.', 1)[0] ?? '';
}
