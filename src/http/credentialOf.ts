import type { IncomingMessage } from 'node:http';

import { HttpError } from './HttpError.js';

/** RFC 6750, and what a token or an API key is made of. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i;

/**
 * The token or API key of a request. It stands in `Authorization` and nowhere else: what stands in a URL ends in logs.
 * @returns undefined where there is none
 * @throws HttpError for a header that is no bearer credential, or for several
 */
export function credentialOf(request: IncomingMessage): string | undefined {
  const given = request.headersDistinct['authorization'] ?? [];
  if (given.length === 0) return undefined;
  const credential = given.length === 1 ? BEARER.exec(given[0] ?? '')?.[1] : undefined;
  if (credential === undefined) throw new HttpError('BAD_REQUEST', 'Send one header Authorization: Bearer, with a token or an API key.');
  return credential;
}
