import { createHash } from 'node:crypto';

import { JobFailure } from '../../src/ingestion/jobFailure.js';
import type { ChildJob } from '../../src/processing/children/messages.js';

/** How a job can go wrong. */
export const poisons = ['throws', 'doesNotOpen', 'exits', 'hangs', 'spins'] as const;
export type Poison = (typeof poisons)[number];

/** About what it takes to store a batch of 100: a millisecond. */
const HASHED = Buffer.alloc(512 * 1024, 7);

const deeds: Readonly<Record<Poison, () => unknown>> = {
  throws: () => {
    throw new Error('It went wrong.');
  },
  doesNotOpen: () => {
    throw new JobFailure('SEAL_BROKEN: it does not open.', true);
  },
  exits: () => process.exit(3),
  hangs: () => new Promise(() => undefined),
  spins: () => {
    for (;;) Math.random();
  },
};

/** A job that works, or does what its name says. */
export default async function work(job: ChildJob): Promise<void> {
  if (Object.hasOwn(deeds, job.name)) await deeds[job.name as Poison]();
  else createHash('sha256').update(HASHED).digest();
}
