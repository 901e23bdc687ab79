import type { ChildJob } from '../../../src/processing/children/messages.js';

const leaked: Buffer[] = [];

/** Keeps as many bytes as the job says, for good. */
export default async function leak(job: ChildJob): Promise<void> {
  leaked.push(Buffer.alloc((job.data as { bytes: number }).bytes, 1)); // the tests' own
}
