import type { RequestHandler } from 'express';

import { HttpError } from './HttpError.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site makes a browser send. A request that changes something has to say that it comes from here,
 * by `Sec-Fetch-Site` (which no script can set) or `Origin`; every browser sends one of them.
 */
export const requireSameOrigin: RequestHandler = (request, _response, next) => {
  if (!SAFE.has(request.method) && !isSameOrigin(request.headers)) throw new HttpError(403, 'CROSS_ORIGIN');
  next();
};

function isSameOrigin({ origin, host, 'sec-fetch-site': site }: NodeJS.Dict<string | string[]>): boolean {
  if (typeof origin === 'string') {
    // Only the host is compared: behind a proxy that ends TLS, the browser's scheme is not this server's.
    if (!URL.canParse(origin) || new URL(origin).host !== host) return false;
    return site === undefined || site === 'same-origin';
  }
  return site === 'same-origin';
}
