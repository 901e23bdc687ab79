/** A worker with five children: four at work for good, one idle. Says who they are. Arguments: URL of Redis, a file. */
import { createQueue } from '../../../queues/createQueue.js';
import { queuePlaces } from '../../../queues/names.js';
import { createSupervisedWorker } from '../../../src/processing/createWorker.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';
import { until } from '../../support/program.js';
import { readStarts } from '../processors/misbehave.js';

const [url = '', file = ''] = process.argv.slice(2);
const deeds = ['spins', 'blocks', 'never', 'waits'];
const place = queuePlaces(createKeys('parent:')).events;
const connection = connect(url, 'patient', 'parent', () => undefined);
const worker = createSupervisedWorker({
  place,
  processor: new URL('../processors/misbehave.js', import.meta.url),
  connection,
  concurrency: deeds.length + 1,
  limits: { deadlineMs: 60_000, jobs: 1e6, memory: 2 ** 30 },
  onError: () => undefined,
  onChild: () => undefined,
  onLine: () => undefined,
});
void worker.run();
const queue = createQueue(place, connection);
for (const deed of deeds) await queue.add(deed, { file, amount: 60_000, bad: 1 });
await queue.add('waits', { file, amount: 300 });
await until(async () => readStarts(file).length > deeds.length && (await queue.getActiveCount()) === deeds.length, 40_000);
process.stdout.write(`children ${readStarts(file).map(({ pid }) => pid).join(' ')}\n`);
