/** The naive producer's process: `queue.add` for each event. */
import { randomUUID } from 'node:crypto';

import { Queue } from 'bullmq';

import { serveProducer } from '../support/producer.js';
import { naiveNames, naivePriorities } from './naiveNames.js';

const queue = new Queue(naiveNames.queue, {
  connection: { url: process.env['REDIS_URL'] ?? '', maxRetriesPerRequest: null, protocol: 2 },
  defaultJobOptions: { removeOnComplete: true, attempts: 3 },
});
queue.on('error', (error) => console.error(error));

serveProducer({
  async track(event) {
    const id = randomUUID();
    const data = { id, timestamp: Date.now(), ...event };
    await queue.add('event', data, { priority: naivePriorities[event.priority] });
    return id;
  },
  close: () => queue.close(),
});
