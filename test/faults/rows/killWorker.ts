import { isAlive } from '../../support/redis.js';
import { timed } from '../scene/timed.js';
import { freezeJobs, untilRunAgain } from '../scene/freezeJobs.js';
import { limits } from './limits.js';
import type { FaultRow } from './FaultRow.js';

/** The worker is gone, its children are not yet: what they still do happens beside the second run of their jobs. */
export const killWorker: FaultRow = {
  id: 'kill-worker',
  what: 'kill -9 of a worker whose children are in the midst of jobs',
  parts: ['workers'],
  async run({ scene, random, took }) {
    const worker = random.pick(scene.workers);
    const { jobs, children, thaw } = await freezeJobs(scene);
    const orphans = children.get(worker) ?? [];
    await worker.kill();
    thaw();
    const [again, ended] = await Promise.all([
      untilRunAgain(scene, jobs, limits.workerAgainMs * 3),
      timed(() => !orphans.some(isAlive), limits.orphanMs * 3),
    ]);
    took('jobs ran again', again, limits.workerAgainMs);
    took('children ended', ended, limits.orphanMs);
    await worker.start();
  },
};
