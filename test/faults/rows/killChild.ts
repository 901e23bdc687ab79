import { freezeJobs, signal, untilRunAgain } from '../scene/freezeJobs.js';
import { timed } from '../scene/timed.js';
import type { FaultRow } from './FaultRow.js';
import { limits } from './limits.js';

const QUIET_MS = 20_000;

export const killBusyChild: FaultRow = {
  id: 'kill-child-busy',
  what: 'kill -9 of all children of a worker in the midst of jobs',
  parts: ['workers'],
  async run({ scene, random, took }) {
    const worker = random.pick(scene.workers);
    const { jobs, children, thaw } = await freezeJobs(scene);
    for (const pid of children.get(worker) ?? []) signal(pid, 'SIGKILL');
    thaw();
    took('jobs ran again', await untilRunAgain(scene, jobs, limits.childAgainMs * 10), limits.childAgainMs);
  },
};

export const killIdleChild: FaultRow = {
  id: 'kill-child-idle',
  what: 'kill -9 of a worker’s children while they have nothing to do',
  parts: ['workers'],
  async run({ scene, random, note, took }) {
    for (const producer of scene.producers) producer.tell('pause');
    const quiet = await timed(async () => (await scene.unfinishedJobs()) === 0, QUIET_MS);
    const worker = random.pick(scene.workers);
    for (const pid of worker.children) signal(pid, 'SIGKILL');
    for (const producer of scene.producers) producer.tell('resume');
    note('queue was empty', quiet === undefined ? 'no' : 'yes');
    took('an event was stored', await timed(() => scene.canary.passes(limits.flowMs * 2), limits.flowMs * 2), limits.flowMs);
  },
};
