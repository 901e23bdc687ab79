/** A worker of one child. Arguments: URL of Redis, prefix of its keys. */
import { queuePlaces } from '../../../queues/names.js';
import { createSupervisedWorker } from '../../../src/processing/createWorker.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';

const [url = '', prefix = ''] = process.argv.slice(2);
const worker = createSupervisedWorker({
  place: queuePlaces(createKeys(prefix)).events,
  processor: new URL('../processors/misbehave.js', import.meta.url),
  connection: connect(url, 'patient', 'clocked', () => undefined),
  concurrency: 1,
  limits: { deadlineMs: 60_000, jobs: 1e6, memory: 2 ** 30 },
  onError: () => undefined,
  onChild: () => undefined,
  onLine: () => undefined,
});
worker.on('failed', (job) => process.stdout.write(`failed ${job?.id} at ${Date.now()}\n`));
await worker.waitUntilReady();
void worker.run();
process.stdout.write('works\n');
