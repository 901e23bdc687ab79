import { setTimeout as sleep } from 'node:timers/promises';

import type { Scene } from '../scene/Scene.js';
import { timed } from '../scene/timed.js';
import type { FaultRow, Strike } from './FaultRow.js';
import { limits } from './limits.js';

export const killRedis: FaultRow = {
  id: 'kill-redis',
  what: 'kill -9 of Redis, and a start from its append-only file up to 4 s later',
  parts: ['redis'],
  async run(strike) {
    const { scene, random, last } = strike;
    await nothingHeldBack(scene);
    await scene.redis.kill();
    await last(random.whole(0, 4000));
    await scene.redis.restart();
    await flows(strike);
  },
};

/**
 * With `everysec` Redis answers while it holds writes back, for up to 2 s, because the disk takes long to sync what came before
 * (`aof_delayed_fsync`). What it holds then is lost with the process, as in a power cut: docs/reliability.md says so, and it would
 * be taken here for a loss of the service's.
 */
async function nothingHeldBack({ client }: Scene): Promise<void> {
  for (;;) {
    const info = await client.info('persistence');
    if (/^aof_buffer_length:0\r?$/m.test(info) && /^aof_pending_bio_fsync:0\r?$/m.test(info)) return;
    await sleep(1);
  }
}

export const stopRedis: FaultRow = {
  id: 'stop-redis',
  what: 'SIGSTOP of Redis for 1 to 10 s: connections stay open and nothing answers',
  parts: ['redis'],
  async run(strike) {
    const { scene, random, last } = strike;
    await scene.redis.kill('SIGSTOP');
    await last(random.whole(1000, 10_000));
    await scene.redis.kill('SIGCONT');
    await flows(strike);
  },
};

export const pauseClients: FaultRow = {
  id: 'pause-clients',
  what: 'CLIENT PAUSE for 0.5 to 4 s',
  parts: ['redis'],
  async run(strike) {
    const { scene, random } = strike;
    const ms = random.whole(500, 4000);
    await scene.client.call('CLIENT', 'PAUSE', String(ms), 'ALL');
    await sleep(ms);
    await flows(strike);
  },
};

export const killClients: FaultRow = {
  id: 'kill-clients',
  what: 'CLIENT KILL of all connections, three times',
  parts: ['redis'],
  async run(strike) {
    const { scene, random, last } = strike;
    for (let round = 0; round < 3; round += 1) {
      await scene.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await last(random.whole(50, 800));
    }
    await flows(strike);
  },
};

export const flushScripts: FaultRow = {
  id: 'flush-scripts',
  what: 'SCRIPT FLUSH, three times',
  parts: ['redis'],
  async run(strike) {
    const { scene, random, last } = strike;
    for (let round = 0; round < 3; round += 1) {
      await scene.client.call('SCRIPT', 'FLUSH');
      await last(random.whole(50, 400));
    }
    await flows(strike);
  },
};

/** Puts down how long it takes from now until an event gets through. */
export async function flows({ scene, took }: Pick<Strike, 'scene' | 'took'>): Promise<void> {
  took('an event was stored', await timed(() => scene.canary.passes(limits.flowMs * 4), limits.flowMs * 4), limits.flowMs);
}
