import { mergeAll } from '../../../src/merging/mergeAll.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';
import { keyRingFromMaster } from '../../../src/security/KeyRing.js';

// Merges what there is, and says when it begins: for a test that kills it.
const [url = '', prefix = '', master = '', now = ''] = process.argv.slice(2);
const { reading: secrets } = await keyRingFromMaster(Buffer.from(master, 'base64'));
const redis = connect(url, 'patient', 'merge process', () => undefined);
await redis.ping();
process.stdout.write('merging\n');
await mergeAll({ redis, keys: createKeys(prefix), secrets, now: () => Number(now) });
process.stdout.write('merged\n');
redis.disconnect();
