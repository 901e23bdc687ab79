import { freezeJobs, ranAgain, signal } from '../scene/freezeJobs.js';
import { withoutProcessTree } from '../scene/processTree.js';
import type { FaultRow } from './FaultRow.js';
import { limits } from './limits.js';

/** The parent renews the lock of a child that hangs, so nothing but a watchdog over the child can notice. */
export const stopChild: FaultRow = {
  id: 'stop-child',
  what: 'SIGSTOP of all children of a worker in the midst of jobs, for good',
  parts: ['workers'],
  unavailable: withoutProcessTree,
  async run(strike) {
    const { scene, random } = strike;
    const worker = random.pick(scene.workers);
    const { jobs, children, thaw } = await freezeJobs(scene);
    const stopped = children.get(worker) ?? [];
    for (const [other, pids] of children) if (other !== worker) pids.forEach((pid) => signal(pid, 'SIGCONT'));
    await ranAgain(strike, jobs, limits.hungAgainMs);
    for (const pid of stopped) signal(pid, 'SIGCONT');
    thaw();
  },
};
