import { isAlive } from '../../support/redis.js';
import { timed } from '../scene/timed.js';
import { freezeJobs, ranAgain } from '../scene/freezeJobs.js';
import { limits } from './limits.js';
import { withoutProcessTree } from '../scene/processTree.js';
import type { FaultRow } from './FaultRow.js';

/** The worker is gone, its children are not yet: what they still do happens beside the second run of their jobs. */
export const killWorker: FaultRow = {
  id: 'kill-worker',
  what: 'kill -9 of a worker whose children are in the midst of jobs',
  parts: ['workers'],
  unavailable: withoutProcessTree,
  async run(strike) {
    const { scene, random, took } = strike;
    const worker = random.pick(scene.workers);
    const { jobs, children, thaw } = await freezeJobs(scene);
    const orphans = children.get(worker) ?? [];
    await worker.kill();
    thaw();
    const [ended] = await Promise.all([
      timed(() => !orphans.some(isAlive), limits.orphanMs * 3),
      ranAgain(strike, jobs, limits.workerAgainMs),
    ]);
    took('children ended', ended, limits.orphanMs);
    await worker.start();
  },
};
