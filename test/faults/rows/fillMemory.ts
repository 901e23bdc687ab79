import type { FaultRow } from './FaultRow.js';
import { flows } from './redis.js';

const PROBE = 'faults:probe';

/** Redis refuses what would take memory. Producers are told so; what is in the queue goes on where it can. */
export const fillMemory: FaultRow = {
  id: 'fill-memory',
  what: 'maxmemory is below what is used for 1 to 4 s; a worker is started meanwhile',
  parts: ['redis', 'workers'],
  async run(strike) {
    const { scene, random, last, held } = strike;
    const used = Number(/used_memory:(\d+)/.exec(await scene.client.info('memory'))?.[1]);
    const worker = random.pick(scene.workers);
    await scene.client.config('SET', 'maxmemory', String(Math.round(used * 0.9)));
    held('Redis refuses to write', await scene.client.set(PROBE, '', 'EX', 1).then(() => false, (error: Error) => error.message.startsWith('OOM')));
    // A worker that starts now is the one that cannot even take a job.
    await worker.kill();
    const starting = worker.start().catch(() => undefined);
    await last(random.whole(1000, 4000));
    await scene.client.config('SET', 'maxmemory', '0');
    await starting;
    await flows(strike);
  },
};
