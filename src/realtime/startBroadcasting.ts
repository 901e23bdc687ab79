import { queuePlaces } from '../../queues/names.js';
import { AccessGate } from '../access/AccessGate.js';
import { openCredentials } from '../access/openCredentials.js';
import { openAuditLog } from '../audit/openAuditLog.js';
import { isLoopback } from '../config/isLoopback.js';
import { clientAddress } from '../doors/clientAddress.js';
import { LockOut } from '../doors/LockOut.js';
import { ServerCertificate } from '../doors/ServerCertificate.js';
import { CanaryWatch } from '../monitoring/canary/CanaryWatch.js';
import { createHeartbeat } from '../monitoring/Heartbeat.js';
import type { RunningRole, Runtime } from '../processes/Runtime.js';
import { connect } from '../redis/connect.js';
import { createBroadcaster } from './Broadcaster.js';
import { ClientRegistry } from './ClientRegistry.js';
import { createFigures, type RealtimeFigures } from './RealtimeFigures.js';
import { SocketServer } from './SocketServer.js';

export interface BroadcastingRole extends RunningRole {
  readonly host: string;
  readonly port: number;
  /** Counted since the start; the object stays the same. */
  readonly figures: RealtimeFigures;
}

/** Serves WebSocket clients with what is stored. Resolves when it listens; waits for Redis as long as it takes. */
export async function startBroadcasting({ config, logger, keys, keyRing }: Runtime): Promise<BroadcastingRole> {
  const certificate = ServerCertificate.open(config, logger);
  const redis = connect(config, 'patient', 'analytics-broadcaster', (error) => logger.debug('The connection to Redis failed.', { error }));
  const onError = (error: Error): void => logger.error('The audit log did not take a record.', { error });
  const audit = openAuditLog(config, { redis, keys, keyRing, onError });
  const gate = new AccessGate(audit, onError);
  // A connection of its own: one that is patient keeps what it is asked while Redis is away, and a count that is late is of no use.
  const counting = connect(config, 'failFast', 'analytics-broadcaster-doors', (error) => logger.debug('The connection to Redis failed.', { error }));
  const lockOut = new LockOut({ redis: counting, keys, fingerprints: keyRing.reading?.fingerprints, door: 'socket', operation: 'signin.socket', gate, logger });
  // Behind a proxy that is not known all clients have one address: five bad tokens of one would lock out the others.
  const isBlind = config.ANALYTICS_TLS_BY_PROXY && config.ANALYTICS_HTTP_PROXIES === undefined;
  const { verifier, revocations } = await openCredentials(config, {
    redis, keys, keyRing, onError: (error) => logger.debug('Revocations could not be read.', { error }),
  }).catch((error: unknown) => {
    redis.disconnect();
    counting.disconnect();
    throw error;
  });
  const registry = new ClientRegistry();
  const figures = createFigures(registry);
  const canaries = new CanaryWatch(redis, keys);
  const broadcaster = createBroadcaster({
    redis,
    keys,
    keyRing,
    registry,
    queuePlace: queuePlaces(keys).events,
    figures,
    onCanary: canaries.see,
    onError: (error) => logger.warn('Part of the feed could not be relayed.', { error }),
  });
  const host = config.ANALYTICS_HOST;
  const allowBareAuthentication = !config.isProduction && config.ANALYTICS_ALLOW_BARE_AUTH && isLoopback(host);
  const { ANALYTICS_WS_PORT: wantedPort, ANALYTICS_ALLOWED_ORIGINS: allowedOrigins } = config;
  const server = new SocketServer({
    host,
    port: wantedPort,
    registry,
    broadcaster,
    verifier,
    figures,
    gate,
    revocations,
    lockOut: isBlind ? undefined : lockOut,
    addressOf: clientAddress(config.ANALYTICS_HTTP_PROXIES),
    limits: { idleMs: config.ANALYTICS_SOCKET_IDLE_MINUTES * 60_000 },
    certificate,
    allowBareAuthentication,
    ...(allowedOrigins !== undefined && { allowedOrigins }),
  });
  const heartbeat = createHeartbeat({ redis, keys, role: 'broadcasting', figures: () => ({ ...figures, ...lockOut.figures, canaryAt: canaries.sentAt }) });
  const release = async (): Promise<void> => {
    await Promise.all([broadcaster.close(), heartbeat.close(), revocations.close(), audit.close()]);
    redis.disconnect();
    counting.disconnect();
  };
  try {
    await broadcaster.start();
    void revocations.start();
    const { port } = await server.listen();
    logger.info('WebSocket clients are served.', { host, port });
    if (allowBareAuthentication) {
      logger.warn('Clients on this machine may sign in without a token. This is for development; ANALYTICS_ALLOW_BARE_AUTH=false ends it.', { host, port });
    }
    if (isBlind) logger.warn('Bad tokens at sockets lock nobody out: behind a proxy every client has its address. Name it in ANALYTICS_HTTP_PROXIES.');
    await heartbeat.start();
    let closing: Promise<void> | undefined;
    return {
      host,
      port,
      figures,
      async close() {
        closing ??= server.close().then(release);
        return closing;
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
