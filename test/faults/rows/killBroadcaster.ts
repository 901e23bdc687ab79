import type { Scene } from '../scene/Scene.js';
import { timed } from '../scene/timed.js';
import type { FaultRow } from './FaultRow.js';
import { limits } from './limits.js';

export const killBroadcaster: FaultRow = {
  id: 'kill-broadcaster',
  what: 'kill -9 of the broadcaster, and a new one up to 1 s later; sockets sign in again',
  parts: ['broadcaster'],
  async run({ scene, random, last, took }) {
    await scene.broadcaster.kill();
    await last(random.whole(0, 1000));
    await scene.broadcaster.start();
    took('sockets were back', await untilBack(scene), limits.flowMs);
  },
};

export const restartBroadcaster: FaultRow = {
  id: 'restart-broadcaster',
  what: 'the broadcaster is asked to end and started anew, under load',
  parts: ['broadcaster'],
  async run({ scene, held, took }) {
    held('it ended in order', (await scene.broadcaster.stop()) === 0);
    await scene.broadcaster.start();
    took('sockets were back', await untilBack(scene), limits.flowMs);
  },
};

async function untilBack({ listeners }: Scene): Promise<number | undefined> {
  return timed(() => listeners.every(({ isSignedIn }) => isSignedIn), limits.flowMs * 2);
}
