import { freezeJobs, ranAgain, signal } from '../scene/freezeJobs.js';
import { withoutProcessTree } from '../scene/processTree.js';
import type { FaultRow } from './FaultRow.js';
import { limits } from './limits.js';

export const stopWorker: FaultRow = {
  id: 'stop-worker',
  what: 'SIGSTOP of a worker for 1 to 8 s; its children go on',
  parts: ['workers'],
  async run({ scene, random, last }) {
    const worker = random.pick(scene.workers);
    worker.signal('SIGSTOP');
    await last(random.whole(1000, 8000));
    worker.signal('SIGCONT');
  },
};

/** The first run of a job goes on after the second one began or ended: what only one of them may do is done once. */
export const runTwice: FaultRow = {
  id: 'run-twice',
  what: 'a worker and its children are stopped past their locks, and go on while others run their jobs',
  parts: ['workers'],
  unavailable: withoutProcessTree,
  async run(strike) {
    const { scene, random, last, note } = strike;
    const worker = random.pick(scene.workers);
    const { jobs, children, thaw } = await freezeJobs(scene);
    worker.signal('SIGSTOP');
    const others = new Map([...children].filter(([other]) => other !== worker));
    for (const pids of others.values()) for (const pid of pids) signal(pid, 'SIGCONT');
    await ranAgain(strike, jobs, limits.workerAgainMs);
    note('jobs', jobs.length);
    // Now and then so long that the second run's chunks have been merged.
    await last(random.isLikely(0.5) ? random.whole(0, 300) : random.whole(5000, 7000));
    // The children first: for a moment both runs are under way, and the first one's parent knows nothing of it.
    thaw();
    await last(random.whole(0, 300));
    worker.signal('SIGCONT');
  },
};
