/** Connects to the master that sentinels name, and lets go of it: says when, as ms since 1970. */
import { setTimeout as sleep } from 'node:timers/promises';

import { parseConfig } from '../../../src/config/parseConfig.js';
import { connect } from '../../../src/redis/connect.js';

const redis = connect(parseConfig({ REDIS_SENTINELS: process.env['REDIS_SENTINELS'] }), 'patient', 'leaver', () => undefined);
await redis.ping();
// By then it has tried the sentinel that is away, and waits until it tries again.
await sleep(300);
redis.disconnect();
console.log(`let go at ${Date.now()}`);
