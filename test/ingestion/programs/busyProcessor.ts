import { writeFileSync } from 'node:fs';

import type { SandboxedJob } from 'bullmq';

import { endWithParent } from '../../../src/ingestion/endWithParent.js';

/** Says its process id, then holds its event loop for a while: what happens to its parent meanwhile it cannot hear. */
export default async function busy(job: SandboxedJob<{ file: string; ms: number }>): Promise<object> {
  endWithParent();
  writeFileSync(job.data.file, String(process.pid));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, job.data.ms);
  return {};
}
