import { setTimeout as sleep } from 'node:timers/promises';

import { naiveNames } from '../naive/naiveNames.js';
import { startOurs } from '../ours/startOurs.js';
import { measureThroughput } from '../support/measureThroughput.js';
import { readLogEvents } from '../support/readLogEvents.js';
import { startRedis, type BenchmarkRedis } from '../support/startRedis.js';
import { createRow } from './Row.js';
import type { Suite } from './Suite.js';

const IN_FLIGHT = 1000;

/** Bytes of Redis that a stored event costs, every key counted, against a hash and a sorted set of JSON. */
export const memory: Suite = {
  ids: ['bytes'],
  async run(context) {
    const rounds = { ours: [] as number[], peer: [] as number[], missing: 0, events: 0 };
    for (let round = 1; round <= context.rounds; round += 1) {
      const ours = await measureOurs(context.logFile);
      const peer = await measureNaive(context.logFile);
      rounds.ours.push(ours.bytes);
      rounds.peer.push(peer);
      rounds.missing += ours.missing;
      rounds.events = ours.events;
      context.say(`round ${round}  bytes: ${ours.bytes.toFixed(1)} an event, hash and sorted set ${peer.toFixed(1)}`);
    }
    return [
      createRow({
        id: 'bytes',
        what: `Redis per stored event, the replayed log at 1,000 in flight, against hash and sorted set of JSON`,
        unit: 'bytes',
        better: 'lower',
        ours: rounds.ours,
        peer: rounds.peer,
        target: 100,
        targetIs: 'most',
        isSound: rounds.missing === 0,
        notes: [`${rounds.events} events, missing ${rounds.missing}, not merged`],
      }),
    ];
  },
};

/** `used_memory` after minus before, everything connected and nothing queued both times. */
async function measureOurs(file: string): Promise<{ bytes: number; events: number; missing: number }> {
  const redis = await startRedis();
  const pipeline = await startOurs(redis, { batchSize: 100, userId: 'nobody' });
  try {
    // One event of another day's log warms everything up that is made once: scripts, keys, connections.
    await pipeline.producer.ask('prepare', { events: 100, seed: 1 });
    await measureThroughput(pipeline, 100, 10);
    const events = await pipeline.producer.ask('prepareLog', { file });
    const before = await settledMemory(redis);
    const { stored, missing } = await measureThroughput(pipeline, events, IN_FLIGHT);
    while ((await pipeline.waitingJobs()) > 0) await sleep(50);
    const after = await settledMemory(redis);
    return { bytes: (after - before) / stored, events, missing };
  } finally {
    await pipeline.close();
    await redis.stop();
  }
}

async function measureNaive(file: string): Promise<number> {
  const redis = await startRedis();
  try {
    const events = await readLogEvents(file);
    const before = await settledMemory(redis);
    let pipeline = redis.client.pipeline();
    for (const [index, event] of events.entries()) {
      const id = crypto.randomUUID();
      pipeline.hset(naiveNames.events(event.type), id, JSON.stringify({ id, ...event }));
      pipeline.zadd(naiveNames.times(event.type), event.timestamp, id);
      if (index % 1000 !== 999) continue;
      await pipeline.exec();
      pipeline = redis.client.pipeline();
    }
    await pipeline.exec();
    return ((await settledMemory(redis)) - before) / events.length;
  } finally {
    await redis.stop();
  }
}

/** The least of what is used over a second: buffers of clients and of the AOF come and go. */
async function settledMemory(redis: BenchmarkRedis): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < 10; look += 1) {
    await sleep(100);
    least = Math.min(least, await redis.usedMemory());
  }
  return least;
}
