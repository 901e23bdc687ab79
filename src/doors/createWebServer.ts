import { createServer as createPlainServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import type { ServerCertificate } from './ServerCertificate.js';

/** As for the headers of a request: who says nothing for so long does not hold a connection. */
const HANDSHAKE_MS = 5000;

/**
 * A server of HTTP over TLS, at least 1.2, or in clear where there is no certificate. What does not speak TLS to the former gets no
 * answer. Both are an `http.Server` to their users.
 */
export function createWebServer(options: ServerOptions, certificate: ServerCertificate | undefined): Server {
  if (certificate === undefined) return createPlainServer(options);
  const server = createTlsServer({ ...options, ...certificate.pem, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS });
  // Not before: one that cannot listen is never closed.
  server.once('listening', () => certificate.keepCurrent(server));
  server.once('close', () => certificate.close());
  return server;
}
