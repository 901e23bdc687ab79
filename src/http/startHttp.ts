import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import express, { type RequestHandler } from 'express';
import helmet from 'helmet';

import { AccessGate } from '../access/AccessGate.js';
import { openAuditLog } from '../audit/openAuditLog.js';
import { createWebServer } from '../doors/createWebServer.js';
import { LockOut } from '../doors/LockOut.js';
import { ServerCertificate } from '../doors/ServerCertificate.js';
import { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import { createHeartbeat } from '../monitoring/Heartbeat.js';
import type { RunningRole, Runtime } from '../processes/Runtime.js';
import { connect } from '../redis/connect.js';
import { createApp } from './createApp.js';
import { sharedCredentialLockout } from './CredentialLockout.js';
import { BODY_BYTES, MOST_REQUESTS, MOST_STREAMS } from './createHttpApi.js';
import { healthRoutes } from './healthRoutes.js';
import { Requests } from './Requests.js';

export interface HttpRole extends RunningRole {
  readonly host: string;
  readonly port: number;
  /** Counted since the start; the object stays the same. */
  readonly figures: Requests['figures'];
}

/** What one client, and all of them, may take of this server. docs/http-api.md tells them. */
export interface HttpLimits {
  /** ms from a request's first byte to the end of its headers. */
  readonly headersMs: number;
  /** ms to the end of its body. */
  readonly requestMs: number;
  /** Whoever sends slowly is looked for this often; it is 30 s unless told, and 5 s then mean 35. */
  readonly lookEveryMs: number;
  readonly connections: number;
  readonly requests: number;
  readonly streams: number;
  /** ms that requests under way have when it ends. Default: the deadline of calls and half a second. */
  readonly closeMs?: number;
}

const httpLimits: HttpLimits = { headersMs: 5000, requestMs: 10_000, lookEveryMs: 1000, connections: 1024, requests: MOST_REQUESTS, streams: MOST_STREAMS };

/** Beyond the deadline of calls, for what is still to be written. */
const LAST_WORDS_MS = 500;

/** The role `http`: serves the API. It answers without Redis too, and says so. */
export async function startHttp({ config, logger, keys, keyRing }: Runtime, own: Partial<HttpLimits> = {}): Promise<HttpRole> {
  const limits = { ...httpLimits, ...own };
  const certificate = ServerCertificate.open(config, logger);
  const onError = (error: Error): void => logger.debug('The connection to Redis failed', { error });
  const service = new AnalyticsService({ onError }, config);
  const redis = connect(config, 'failFast', 'analytics-http', onError);
  const audit = openAuditLog(config, { redis, keys, keyRing, onError });
  const gate = new AccessGate(audit, (error) => logger.error('The audit log did not take a record', { error }));
  const lockOut = new LockOut({ redis, keys, fingerprints: keyRing.reading?.fingerprints, door: 'http', operation: 'signin.service', gate, logger });
  const requests = new Requests(limits.requests, limits.streams);
  const app = express();
  app.disable('x-powered-by').set('trust proxy', config.ANALYTICS_HTTP_PROXIES ?? false);
  app.use(strictTransport(config.isProduction || certificate !== undefined), healthRoutes({ redis, isClosing: () => requests.isClosing }));
  app.use(
    createApp({
      service, requests,
      lockout: sharedCredentialLockout(lockOut),
      origins: config.ANALYTICS_HTTP_ORIGINS ?? [],
      hosts: config.ANALYTICS_HTTP_HOSTS,
      actorOf: undefined,
      bodyBytes: BODY_BYTES,
      onError: (error, requestId) => logger.error('A request failed', { error, requestId }),
    }),
  );
  const server = createWebServer(
    { headersTimeout: limits.headersMs, requestTimeout: limits.requestMs, keepAliveTimeout: 5000, maxHeaderSize: 16_384, connectionsCheckingInterval: limits.lookEveryMs },
    certificate,
  );
  server.maxConnections = limits.connections;
  server.on('request', app);
  const heartbeat = createHeartbeat({ redis, keys, role: 'http', figures: () => ({ ...requests.figures, underWay: requests.underWay, ...lockOut.figures }) });

  const release = async (): Promise<void> => {
    await heartbeat.close();
    await service.close();
    await audit.close();
    redis.disconnect();
  };
  const host = config.ANALYTICS_HOST;
  try {
    server.listen(config.ANALYTICS_HTTP_PORT, host.replace(/^\[|\]$/g, ''));
    await once(server, 'listening');
  } catch (error) {
    await release();
    throw error;
  }
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  await heartbeat.start();
  logger.info('The API is served', { host, port });

  let closing: Promise<void> | undefined;
  return {
    host,
    port,
    figures: requests.figures,
    async close() {
      closing ??= closeServer(server, requests, limits.closeMs ?? config.ANALYTICS_DEADLINE_MS + LAST_WORDS_MS).then(release);
      await closing;
    },
  };
}

/**
 * Takes no connection more; answers what is under way, which every call does within its deadline; refuses what comes meanwhile
 * on connections that are open; and then cuts off streams.
 */
async function closeServer(server: Server, requests: Requests, ms: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await requests.finish(ms);
  server.closeIdleConnections();
  await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
  server.closeAllConnections();
  await closed;
}

function strictTransport(isSecure: boolean): RequestHandler {
  return isSecure ? helmet.strictTransportSecurity() : (_request, _response, next) => next();
}
