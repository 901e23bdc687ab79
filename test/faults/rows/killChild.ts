import { freezeJobs, ranAgain, signal } from '../scene/freezeJobs.js';
import { timed } from '../scene/timed.js';
import { withoutProcessTree } from '../scene/processTree.js';
import type { FaultRow, Strike } from './FaultRow.js';
import { limits } from './limits.js';

const QUIET_MS = 60_000;

export const killBusyChild: FaultRow = {
  id: 'kill-child-busy',
  what: 'kill -9 of a worker’s children in the midst of jobs, while nothing else waits',
  parts: ['workers'],
  unavailable: withoutProcessTree,
  async run(strike) {
    const { scene, random } = strike;
    // A job that is tried again stands behind those that wait: with a backlog its turn would be measured, not its recovery.
    await inQuiet(strike, async () => {
      const enough = scene.canary.keepSending();
      const { jobs, children, thaw } = await freezeJobs(scene);
      enough();
      for (const pid of children.get(random.pick(scene.workers)) ?? []) signal(pid, 'SIGKILL');
      thaw();
      await ranAgain(strike, jobs, limits.childAgainMs);
    });
  },
};

export const killIdleChild: FaultRow = {
  id: 'kill-child-idle',
  what: 'kill -9 of a worker’s children while they have nothing to do',
  parts: ['workers'],
  unavailable: withoutProcessTree,
  async run(strike) {
    const { scene, random, took } = strike;
    await inQuiet(strike, async () => {
      for (const pid of random.pick(scene.workers).children) signal(pid, 'SIGKILL');
    });
    took('an event was stored', await timed(() => scene.canary.passes(limits.flowMs * 2), limits.flowMs * 2), limits.flowMs);
  },
};

/** Lets producers rest until everything is worked off and `strike` is done. */
async function inQuiet({ scene, note }: Strike, strike: () => Promise<void>): Promise<void> {
  for (const producer of scene.producers) producer.tell('pause');
  try {
    const emptyAfter = await timed(async () => (await scene.unfinishedJobs()) === 0, QUIET_MS);
    if (emptyAfter === undefined) note('queue was empty', 'no');
    await strike();
  } finally {
    for (const producer of scene.producers) producer.tell('resume');
  }
}
