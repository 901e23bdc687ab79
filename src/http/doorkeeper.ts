import type { RequestHandler } from 'express';
import helmet from 'helmet';

import { HttpError } from './HttpError.js';

const METHODS = 'GET, POST';
const TAKEN = 'Authorization, Content-Type, Analytics-Purpose, X-Request-Id';
const TOLD = 'X-Request-Id, Retry-After';
const PREFLIGHT_SECONDS = '600';

/** What every answer says to a browser that shows it after all, and to caches: nothing of it is to be kept, framed or run. */
export function answerHeaders(): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
      // Whoever serves it knows whether there is TLS.
      strictTransportSecurity: false,
      referrerPolicy: { policy: 'no-referrer' },
      xFrameOptions: { action: 'deny' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
    }),
    (_request, response, next) => {
      response.set('Cache-Control', 'no-store');
      next();
    },
  ];
}

/**
 * Pages of other origins are refused unless they are on the list: a browser sends along what an application's own sign-in goes
 * by. Programs send neither `Origin` nor `Sec-Fetch-Site`.
 */
export function checkOrigin(origins: readonly string[]): RequestHandler {
  return (request, response, next) => {
    const { origin, host, 'sec-fetch-site': site } = request.headers;
    if (origin !== undefined && origins.includes(origin)) {
      response.vary('Origin').set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': TOLD, 'Cross-Origin-Resource-Policy': 'cross-origin' });
      if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
        response.set({ 'Access-Control-Allow-Methods': METHODS, 'Access-Control-Allow-Headers': TAKEN, 'Access-Control-Max-Age': PREFLIGHT_SECONDS }).status(204).end();
        return;
      }
      next();
      return;
    }
    const isOwn = origin === undefined ? site === undefined || site === 'same-origin' || site === 'none' : URL.canParse(origin) && new URL(origin).host === host;
    if (!isOwn) throw new HttpError('CROSS_ORIGIN', 'Add the origin to those that are allowed, if its pages are meant to ask.');
    next();
  };
}

/** Refuses hosts that are not on the list, without their ports. Default: any, since a token is needed, which no page has by itself. */
export function checkHost(hosts: readonly string[] | undefined): RequestHandler {
  const known = hosts && new Set(hosts.map((host) => host.toLowerCase()));
  return (request, _response, next) => {
    const { host = '' } = request.headers;
    const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
    if (known !== undefined && !known.has(name)) {
      throw new HttpError('MISDIRECTED', 'Ask by a name that is on the list of hosts.');
    }
    next();
  };
}

/** Streams need to end with a last chunk, which HTTP/1.0 does not have; and nothing is read from a URL, lest somebody puts a person into it. */
export const checkForm: RequestHandler = (request, _response, next) => {
  if (request.httpVersionMajor === 1 && request.httpVersionMinor === 0) throw new HttpError('HTTP_VERSION', 'Ask with HTTP/1.1.', { Connection: 'close' });
  if (request.originalUrl.includes('?')) throw new HttpError('BAD_REQUEST', 'Nothing is taken from a URL. Send what is asked for as the body, and the credential as a header.');
  next();
};
