import { createQueue } from '../../../queues/createQueue.js';
import { queuePlaces } from '../../../queues/names.js';
import { createEventTypes } from '../../../src/contract/eventTypes.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';
import { keyRingFromMaster } from '../../../src/security/KeyRing.js';
import { createSubjects } from '../../../src/subjects/createSubjects.js';
import { people } from '../../support/witness/people.js';

// Erases Ann, and says when it begins: for a test that kills it.
const [url = '', prefix = '', master = ''] = process.argv.slice(2);
const keyRing = await keyRingFromMaster(Buffer.from(master, 'base64'));
const keys = createKeys(prefix);
const redis = connect(url, 'patient', 'eraser', () => undefined);
const events = createQueue(queuePlaces(keys).events, redis);
const metrics = createQueue(queuePlaces(keys).metrics, redis);
await redis.ping();
const types = createEventTypes();
const subjects = createSubjects({
  context: { redis, keys, keyRing, secrets: keyRing.reading!, events, metrics, spoolDir: undefined, classesOf: (type) => types.classesOf(type), now: Date.now }, // made from a master key
  by: { subject: 'test', via: 'test' },
  gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
  wakeWorker: async () => Promise.resolve(),
  onProgress: ({ step }) => {
    if (step === 'store') process.stdout.write('erasing\n');
  },
});
await subjects.erase(people.ann, { mode: 'delete' });
await Promise.all([events.close(), metrics.close()]);
redis.disconnect();
