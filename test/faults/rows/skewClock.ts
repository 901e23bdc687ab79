import { setTimeout as sleep } from 'node:timers/promises';

import type { FaultRow } from './FaultRow.js';
import { flows } from './redis.js';

const HOUR_MS = 3_600_000;

/**
 * Shifts what a process and its children take for the time. No library is needed that not every machine has: all that the
 * service and its libraries ask is `Date`.
 */
function clockModule(shiftMs: number): string {
  const source = `
    const RealDate = Date;
    const now = () => RealDate.now() + ${shiftMs};
    globalThis.Date = class Date extends RealDate {
      constructor(...given) { given.length === 0 ? super(now()) : super(...given); }
      static now() { return now(); }
    };`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

export const skewClock: FaultRow = {
  id: 'skew-clock',
  what: 'a worker whose clock is an hour ahead, or behind, for 2 to 6 s of work',
  parts: ['workers'],
  async run(strike) {
    const { scene, random, note } = strike;
    const worker = random.pick(scene.workers);
    const shiftMs = random.pick([HOUR_MS, -HOUR_MS]);
    note('shift', shiftMs > 0 ? 'ahead' : 'behind');
    await worker.stop();
    await worker.start({ NODE_OPTIONS: `--import=${clockModule(shiftMs)}` });
    await sleep(random.whole(2000, 6000));
    await worker.stop();
    await worker.start();
    await flows(strike);
  },
};
