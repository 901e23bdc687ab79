/** The naive producer's process: `queue.add` for each event, one `ZADD` for each call of samples. */
import { randomUUID } from 'node:crypto';

import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

import { serveProducer } from '../support/producer.js';
import { naiveNames, naivePriorities } from './naiveNames.js';

const queue = new Queue(naiveNames.queue, {
  connection: { url: process.env['REDIS_URL'] ?? '', maxRetriesPerRequest: null, protocol: 2 },
  defaultJobOptions: { removeOnComplete: true, attempts: 3 },
});
queue.on('error', (error) => console.error(error));
const redis = new Redis(process.env['REDIS_URL'] ?? '', { protocol: 2, maxRetriesPerRequest: null });

serveProducer({
  async track(event) {
    const id = randomUUID();
    const data = { id, timestamp: Date.now(), ...event };
    await queue.add('event', data, { priority: naivePriorities[event.priority] });
    return id;
  },
  async trackSamples(samples) {
    const added = await redis.zadd(
      naiveNames.samples,
      ...samples.flatMap((sample) => [sample.timestamp, JSON.stringify({ value: sample.value, tags: sample.tags, timestamp: sample.timestamp })]),
    );
    return Number(added);
  },
  async close() {
    await queue.close();
    redis.disconnect();
  },
});
