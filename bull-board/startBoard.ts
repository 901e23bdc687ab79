import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { createQueue } from '../queues/createQueue.js';
import { queuePlaces } from '../queues/names.js';
import { AccessGate } from '../src/access/AccessGate.js';
import { openCredentials } from '../src/access/openCredentials.js';
import { SecondFactors } from '../src/access/secondFactors/SecondFactors.js';
import { openAuditLog } from '../src/audit/openAuditLog.js';
import { eventTypes } from '../src/contract/defineEventType.js';
import { createDeadLetters } from '../src/deadletters/createDeadLetters.js';
import { createWebServer } from '../src/doors/createWebServer.js';
import { LockOut } from '../src/doors/LockOut.js';
import { ServerCertificate } from '../src/doors/ServerCertificate.js';
import { collectStats } from '../src/monitoring/collectStats.js';
import type { SignInFigures } from '../src/monitoring/figures.js';
import { createHeartbeat } from '../src/monitoring/Heartbeat.js';
import type { RunningRole, Runtime } from '../src/processes/Runtime.js';
import { connect } from '../src/redis/connect.js';
import { createApp } from './createApp.js';
import { StatsSource } from './StatsSource.js';

export interface BoardRole extends RunningRole {
  readonly host: string;
  readonly port: number;
}

const MOST_CONNECTIONS = 256;
const CLOSE_MS = 2000;
/** What a request takes that retries or drops many; the page asks again until all are done. */
const BULK_MS = 1000;

/** The role `board`: serves the console, Bull Board and the health checks. It answers without Redis too, and says so. */
export async function startBoard({ config, logger, keys, keyRing }: Runtime): Promise<BoardRole> {
  const certificate = ServerCertificate.open(config, logger);
  const onError = (error: Error): void => logger.debug('The connection to Redis failed', { error });
  const redis = connect(config, 'failFast', 'analytics-board', onError);
  const { verifier, revocations } = await openCredentials(config, { redis, keys, keyRing, onError }).catch((error: unknown) => {
    redis.disconnect();
    throw error;
  });
  const places = queuePlaces(keys);
  const queues = { events: createQueue(places.events, redis), metrics: createQueue(places.metrics, redis), maintenance: createQueue(places.maintenance, redis) };
  for (const queue of Object.values(queues)) queue.on('error', onError);

  const stats = new StatsSource(async () => collectStats({ config, keys, redis, queues }));
  const deadLetters = createDeadLetters({ redis, keys, queues, keyRing, logger, budgetMs: BULK_MS });
  const audit = openAuditLog(config, { redis, keys, keyRing, onError });
  const gate = new AccessGate(audit, (error) => logger.error('The audit log did not take a record', { error }));
  const door = { redis, keys, fingerprints: keyRing.reading?.fingerprints, gate, logger };
  const lockOuts = { signIn: new LockOut({ ...door, door: 'board', operation: 'signin.board' }), metrics: new LockOut({ ...door, door: 'metrics', operation: 'stats.read' }) };
  const factors = keyRing.reading && new SecondFactors({ redis, keys, secrets: keyRing.reading });
  const server = createWebServer({ headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 5000, maxHeaderSize: 16_384 }, certificate);
  server.maxConnections = MOST_CONNECTIONS;
  server.on('request', createApp({ config, queues, redis, deadLetters, gate, revocations, types: eventTypes, stats, verifier, factors, lockOuts, logger }));
  const heartbeat = createHeartbeat({ redis, keys, role: 'board', figures: () => sumOf(Object.values(lockOuts)) });

  const release = async (): Promise<void> => {
    stats.close();
    await heartbeat.close();
    await revocations.close();
    await audit.close();
    await Promise.allSettled(Object.values(queues).map(async (queue) => queue.close()));
    redis.disconnect();
  };
  const host = config.ANALYTICS_HOST;
  try {
    server.listen(config.ANALYTICS_BOARD_PORT, host);
    await once(server, 'listening');
  } catch (error) {
    await release();
    throw error;
  }
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  stats.start();
  void revocations.start();
  await heartbeat.start();
  logger.info('The board is served', { host, port });

  let closing: Promise<void> | undefined;
  return {
    host,
    port,
    async close() {
      closing ??= closeServer(server).then(release);
      await closing;
    },
  };
}

function sumOf(lockOuts: readonly LockOut[]): SignInFigures {
  const sum = (name: keyof SignInFigures): number => lockOuts.reduce((total, { figures }) => total + figures[name], 0);
  return { signInFailures: sum('signInFailures'), signInLocks: sum('signInLocks') };
}

/** Takes no more requests, waits for those under way, and then for nobody. */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await closed;
  clearTimeout(timer);
}
