/**
 * Loaded before a process of the service (`NODE_OPTIONS=--import=...`): kills its worker with SIGKILL at the next job that gets to a phase, if
 * there is a fuse. The service itself has no code for it, so none can be left on: methods are wrapped at which a phase begins or ends.
 */
import { renameSync, writeFileSync } from 'node:fs';

import { burntFile, FUSE_VARIABLE, PHASE_VARIABLE, type Death, type Phase } from './phases.js';

const phase = process.env[PHASE_VARIABLE] as Phase | undefined; // written by the harness
const fuse = process.env[FUSE_VARIABLE];
const isChild = /children.main\.js$/.test(process.argv[1] ?? '');

if (isChild) {
  if (phase === 'before-store' || phase === 'after-store') await wrapStore(phase);
} else if (phase === 'fetched') await wrapFetched();
else if (phase === 'completed') await wrapCompleted();

/** A worker has a job, and no child has heard of it. */
async function wrapFetched(): Promise<void> {
  const { ChildPool } = await import('../../../src/processing/children/ChildPool.js');
  wrap(ChildPool.prototype, 'run', (run) => async (...given) => {
    if (burns({ jobId: given[0].id })) kill(process.pid);
    return run(...given);
  });
}

/** A job is done, for Redis too; BullMQ may have fetched the next one in the same step. */
async function wrapCompleted(): Promise<void> {
  const { Job } = await import('bullmq');
  wrap(Job.prototype, 'moveToCompleted', (moveToCompleted, job) => async (...given) => {
    const next = await moveToCompleted(...given);
    if (burns({ jobId: job.id ?? '', nextJobId: nextOf(next) })) kill(process.pid);
    return next;
  });
}

async function wrapStore(at: 'before-store' | 'after-store'): Promise<void> {
  // A child has one job at a time; its store does not know which. This listener is the first, so it hears before the job begins.
  let jobId = '';
  process.on('message', (message: { readonly kind?: string; readonly job?: { readonly id: string } }) => {
    if (message.kind === 'run') jobId = message.job?.id ?? '';
  });
  const { EventStore } = await import('../../../src/storage/EventStore.js');
  wrap(EventStore.prototype, 'store', (store) => async (...given) => {
    if (at === 'before-store' && burns({ jobId })) {
      kill(process.ppid);
      // Alone it would go on, and store beside the second run: that is `kill-worker`. Here nothing is stored.
      kill(process.pid);
    }
    const outcomes = await store(...given);
    if (at === 'after-store' && burns({ jobId })) kill(process.ppid);
    return outcomes;
  });
}

type Method = (...given: unknown[]) => unknown;

/** Puts another method before one of a class, which is told the object too. */
function wrap<Owner, Name extends keyof Owner>(prototype: Owner, name: Name, wrapped: (method: Owner[Name], owner: Owner) => Owner[Name]): void {
  const method = prototype[name] as Method;
  const other = function (this: Owner, ...given: unknown[]): unknown {
    const bound: Method = (...passed) => method.apply(this, passed);
    return (wrapped(bound as Owner[Name], this) as Method)(...given);
  };
  prototype[name] = other as Owner[Name]; // whoever calls it gives and gets the same
}

/** Whether it is time to die. Of several jobs, and several processes, one burns the fuse. */
function burns(death: Death): boolean {
  if (fuse === undefined) return false;
  const burning = `${fuse}.burning`;
  try {
    renameSync(fuse, burning);
  } catch {
    return false;
  }
  writeFileSync(burning, JSON.stringify(death));
  renameSync(burning, burntFile(fuse));
  return true;
}

function kill(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

/** BullMQ answers with the data and the id of the next job, if there is one. */
function nextOf(answer: unknown): string | undefined {
  if (!Array.isArray(answer)) return undefined;
  const [data, id] = answer as readonly unknown[];
  return data ? String(id) : undefined;
}
