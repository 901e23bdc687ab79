import { appendFileSync, existsSync, readFileSync } from 'node:fs';

import { JobFailure } from '../../../src/ingestion/jobFailure.js';
import type { ChildJob } from '../../../src/processing/children/messages.js';

export interface FixtureData {
  /** A line is added to it at each start: job, process, time. */
  readonly file: string;
  /** How much of whatever it does: ms, bytes, characters. */
  readonly amount?: number;
  /** Starts that go wrong; those after them are well. Default: all. */
  readonly bad?: number;
}

export interface Start {
  readonly job: string;
  readonly pid: number;
  readonly at: number;
}

/** The starts that were written down so far. */
export function readStarts(file: string): Start[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => line.split(' ')).map(([job = '', pid, at]) => ({ job, pid: Number(pid), at: Number(at) }));
}

const leaked: Buffer[] = [];

const deeds: Readonly<Record<string, (amount: number, signal: AbortSignal) => unknown>> = {
  well: () => undefined,
  waits: async (ms) => sleep(ms),
  spins: () => {
    for (;;) Math.random();
  },
  blocks: (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  never: async () => new Promise(() => undefined),
  heeds: async (_amount, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    }),
  exits: () => process.exit(3),
  throwsLater: async () => {
    setTimeout(() => {
      throw new Error('the canary 4711 sings');
    });
    await sleep(60_000);
  },
  rejectsLater: async () => {
    void Promise.reject(new Error('the canary 4711 sings'));
    await sleep(60_000);
  },
  throws: () => {
    throw new Error('the canary 4711 sings');
  },
  isHopeless: () => {
    throw new JobFailure('SEAL_BROKEN: it does not open.', true);
  },
  leaks: (bytes) => leaked.push(Buffer.alloc(bytes, 1)),
  returnsMuch: (characters) => 'x'.repeat(characters),
};

/** Does what the job's name says, as often as its data says. Returns its process id. */
export default async function misbehave(job: ChildJob, _token: string | undefined, signal: AbortSignal): Promise<unknown> {
  const { file, amount = 0, bad = Infinity } = job.data as FixtureData; // the tests' own
  appendFileSync(file, `${job.id} ${process.pid} ${Date.now()}\n`);
  if (readStarts(file).filter((start) => start.job === job.id).length > bad) return process.pid;
  const value = await deeds[job.name]?.(amount, signal);
  return job.name === 'returnsMuch' ? value : process.pid;
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
