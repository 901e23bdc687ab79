import { freezeJobs, signal, untilRunAgain } from '../scene/freezeJobs.js';
import type { FaultRow } from './FaultRow.js';
import { limits } from './limits.js';

/** The parent renews the lock of a child that hangs, so nothing but a watchdog over the child can notice. */
export const stopChild: FaultRow = {
  id: 'stop-child',
  what: 'SIGSTOP of all children of a worker in the midst of jobs, for good',
  parts: ['workers'],
  async run({ scene, random, took }) {
    const worker = random.pick(scene.workers);
    const { jobs, children, thaw } = await freezeJobs(scene);
    const stopped = children.get(worker) ?? [];
    for (const [other, pids] of children) if (other !== worker) pids.forEach((pid) => signal(pid, 'SIGCONT'));
    took('jobs ran again', await untilRunAgain(scene, jobs, limits.hungAgainMs), limits.hungAgainMs);
    for (const pid of stopped) signal(pid, 'SIGCONT');
    thaw();
  },
};
