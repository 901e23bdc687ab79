/** The naive worker's process: one sandboxed job per event. */
import { Worker } from 'bullmq';

import { serveCommands } from '../support/commands.js';
import { naiveNames } from './naiveNames.js';

const worker = new Worker(naiveNames.queue, new URL('./processor.js', import.meta.url), {
  connection: { url: process.env['REDIS_URL'] ?? '', maxRetriesPerRequest: null, protocol: 2 },
  concurrency: Number(process.env['NAIVE_CONCURRENCY']),
  removeOnComplete: { count: 0 },
});
worker.on('error', (error) => console.error(error));
process.on('SIGTERM', () => void worker.close().finally(() => process.exit(0)));
serveCommands({});
