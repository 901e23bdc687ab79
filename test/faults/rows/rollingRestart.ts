import type { FaultRow } from './FaultRow.js';
import { flows } from './redis.js';

export const rollingRestart: FaultRow = {
  id: 'rolling-restart',
  what: 'every worker is asked to end and started anew, one after the other, under load',
  parts: ['workers'],
  async run(strike) {
    const { scene, held } = strike;
    for (const worker of scene.workers) {
      const code = await worker.stop();
      held(`${worker.name} ended in order`, code === 0);
      await worker.start();
    }
    await flows(strike);
  },
};
