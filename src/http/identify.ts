import { isIP } from 'node:net';

import type { Request } from 'express';

import type { ActorOptions } from '../contract/access.js';
import type { ActorService } from '../lib/services/analytics/ActorService.js';
import type { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import { UnauthenticatedError } from '../security/UnauthenticatedError.js';
import type { ActorOf } from './ActorOf.js';
import { credentialOf } from './credentialOf.js';
import type { CredentialLockout } from './CredentialLockout.js';
import { HttpError } from './HttpError.js';
import { retryAfter } from './problemOf.js';

export interface IdentifyContext {
  readonly service: Pick<AnalyticsService, 'as' | 'authenticate'>;
  readonly lockout: CredentialLockout;
  readonly actorOf: ActorOf<Request> | undefined;
}

/** What the header says that the data are wanted for; what it may be the service says. */
export const PURPOSE_HEADER = 'analytics-purpose';

/**
 * The service as whoever sent a request sees it. Their address stands in the records.
 * @returns undefined for nobody: neither a credential nor somebody whom the application knows
 * @throws HttpError `TOO_MANY_REQUESTS`; UnauthenticatedError, recorded; ValidationError for a purpose that is none
 */
export async function identify(request: Request, { service, lockout, actorOf }: IdentifyContext): Promise<ActorService | undefined> {
  const address = addressOf(request);
  const credential = credentialOf(request);
  if (credential === undefined) {
    const actor = await actorOf?.(request);
    return actor && service.as({ ...originOf(address), ...actor });
  }
  const waitSeconds = await lockout.waitSeconds(address);
  if (waitSeconds > 0) throw new HttpError('TOO_MANY_REQUESTS', 'Several credentials of this address were refused. Wait, and send one that is good.', retryAfter(waitSeconds * 1000));
  const purpose = request.headers[PURPOSE_HEADER];
  try {
    // What it may be is checked with the actor.
    return await service.authenticate(credential, { ...originOf(address), ...(purpose !== undefined && { purpose: purpose as ActorOptions['purpose'] }) });
  } catch (error) {
    // While the keys of whoever signs are away nobody knows whether it was a good one.
    if (error instanceof UnauthenticatedError && error.reason !== 'keys') await lockout.failed(address);
    throw error;
  }
}

/** Whatever a proxy says, it is an address. Which interface of this machine it came by is nobody's name. */
function addressOf({ ip = '', socket }: Request): string {
  const plain = (isIP(ip) > 0 ? ip : (socket.remoteAddress ?? '')).replace(/%.*$/, '');
  return plain.replace(/^::ffff:(?=\d+\.)/i, '');
}

function originOf(address: string): { readonly origin?: string } {
  return address === '' ? {} : { origin: address };
}
