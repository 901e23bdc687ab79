import type { IncomingMessage, ServerResponse } from 'node:http';

import type { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import type { ActorOf } from './ActorOf.js';
import { createApp } from './createApp.js';
import { createCredentialLockout, type CredentialLockout } from './CredentialLockout.js';
import { Requests } from './Requests.js';

export interface HttpApiOptions {
  /**
   * Who asks, where a request has no credential and the application knows them by a session of its own. Undefined is nobody,
   * and is answered with 401. Default: nobody is known without a credential.
   */
  readonly actorOf?: ActorOf<IncomingMessage>;
  /** Origins whose pages may ask, such as `https://app.example.org`. Default: only pages of the host itself. */
  readonly origins?: readonly string[];
  /** Names by which it may be asked, without ports. Default: any. */
  readonly hosts?: readonly string[];
  /** Bytes of a body. Default: 1,048,576. */
  readonly bodyBytes?: number;
  /** Requests under way at a time; one more is answered with 503 and `BUSY`. Default: 256. */
  readonly mostRequests?: number;
  /** Streams among them. Default: 32. */
  readonly mostStreams?: number;
  /** Who keeps count of refused credentials. Default: this process, by the rules of docs/access.md. */
  readonly lockout?: CredentialLockout;
  /** Told of faults of the service, by the id that the answer has. Default: nobody. */
  readonly onError?: (error: unknown, requestId: string) => void;
}

/** Takes requests of `node:http`, and is middleware for express and its like. */
export type HttpApi = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void;

export const BODY_BYTES = 1_048_576;
export const MOST_REQUESTS = 256;
export const MOST_STREAMS = 32;

/**
 * The service over HTTP, for an application to mount: `app.use('/analytics', createHttpApi(service))`, before anything that reads
 * bodies. Every call goes through `service.authenticate` or `service.as`. The service stays the caller's to close. See
 * docs/http-api.md.
 */
export function createHttpApi(service: Pick<AnalyticsService, 'as' | 'authenticate'>, options: HttpApiOptions = {}): HttpApi {
  return createApp({
    service,
    requests: new Requests(options.mostRequests ?? MOST_REQUESTS, options.mostStreams ?? MOST_STREAMS),
    lockout: options.lockout ?? createCredentialLockout(),
    origins: options.origins ?? [],
    hosts: options.hosts,
    actorOf: options.actorOf,
    bodyBytes: options.bodyBytes ?? BODY_BYTES,
    onError: options.onError ?? (() => undefined),
  }) as HttpApi; // express adds what these have
}
