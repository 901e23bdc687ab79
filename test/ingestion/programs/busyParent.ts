/** A worker with one busy job. Arguments: URL of Redis, file for the child's process id, ms that the job takes. */
import { createQueue } from '../../../queues/createQueue.js';
import { queuePlaces } from '../../../queues/names.js';
import { createWorker } from '../../../src/processing/createWorker.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';

const [url = '', file = '', ms = '0'] = process.argv.slice(2);
const place = queuePlaces(createKeys('busy:')).events;
const connection = connect(url, 'patient', 'busy', () => undefined);
const worker = createWorker({ place, processor: new URL('./busyProcessor.ts', import.meta.url), connection, concurrency: 1, onError: () => undefined });
void worker.run();
await createQueue(place, connection).add('busy', { file, ms: Number(ms) });
