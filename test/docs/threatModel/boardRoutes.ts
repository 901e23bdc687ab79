import { randomBytes } from 'node:crypto';

import { createApp } from '../../../bull-board/createApp.js';
import { StatsSource } from '../../../bull-board/StatsSource.js';
import { createQueue } from '../../../queues/createQueue.js';
import { queuePlaces } from '../../../queues/names.js';
import { AccessGate } from '../../../src/access/AccessGate.js';
import { openCredentials } from '../../../src/access/openCredentials.js';
import { openAuditLog } from '../../../src/audit/openAuditLog.js';
import { parseConfig } from '../../../src/config/parseConfig.js';
import { eventTypes } from '../../../src/contract/defineEventType.js';
import { createDeadLetters } from '../../../src/deadletters/createDeadLetters.js';
import { LockOut } from '../../../src/doors/LockOut.js';
import { createLogger } from '../../../src/logging/createLogger.js';
import { collectStats } from '../../../src/monitoring/collectStats.js';
import { connect } from '../../../src/redis/connect.js';
import { keysOf } from '../../../src/redis/keys.js';
import { keyRingFromMaster } from '../../../src/security/KeyRing.js';
import { routesOf } from './routesOf.js';

/** Every route that the board's own application answers, Bull Board's included. It is made as a process makes it, and asked nothing. */
export async function boardRoutes(): Promise<string[]> {
  // Nothing listens there: the board starts without a Redis too.
  const config = parseConfig({ REDIS_URL: 'redis://127.0.0.1:1', ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('hex'), ANALYTICS_LOG_LEVEL: 'silent' });
  const keys = keysOf(config);
  const logger = createLogger(config, 'board');
  const keyRing = await keyRingFromMaster(randomBytes(32));
  const onError = (): void => undefined;
  const redis = connect(config, 'failFast', 'threat-model', onError);
  try {
    const places = queuePlaces(keys);
    const queues = { events: createQueue(places.events, redis), metrics: createQueue(places.metrics, redis), maintenance: createQueue(places.maintenance, redis) };
    for (const queue of Object.values(queues)) queue.on('error', onError);
    const { verifier, revocations } = await openCredentials(config, { redis, keys, keyRing, onError });
    const deadLetters = createDeadLetters({ redis, keys, queues, keyRing, logger });
    const audit = openAuditLog(config, { redis, keys, keyRing, onError });
    const stats = new StatsSource(async () => collectStats({ config, keys, redis, queues }));
    const gate = new AccessGate(audit, onError);
    const lockOut = new LockOut({ redis, keys, fingerprints: undefined, door: 'board', operation: 'signin.board', gate, logger });
    const routes = routesOf(createApp({ config, queues, redis, deadLetters, gate, revocations, types: eventTypes, stats, verifier, factors: undefined, lockOuts: { signIn: lockOut, metrics: lockOut }, logger }));
    await Promise.all([audit.close(), revocations.close()]);
    return routes;
  } finally {
    redis.disconnect();
  }
}
