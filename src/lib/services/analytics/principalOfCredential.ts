import { parseActor } from '../../../access/parseActor.js';
import type { Principal } from '../../../access/Principal.js';
import { rolesOf } from '../../../access/principalOf.js';
import type { ActorOptions } from '../../../contract/access.js';
import { UnauthenticatedError } from '../../../security/UnauthenticatedError.js';
import type { ServiceLink } from './ServiceLink.js';

/** What `authenticate` takes beside the credential. */
export interface AuthenticateOptions {
  /** Why the bearer of a token reads. Default: `operations`. */
  readonly purpose?: ActorOptions['purpose'];
  /** The users whom a clinician with a token treats. */
  readonly panel?: readonly string[];
  /** Where the request came from; it is recorded. */
  readonly origin?: string;
}

/**
 * Who the bearer of a token or an API key is. It is checked again before each call, so that one that ended or was revoked ends
 * this too.
 * @throws UnauthenticatedError, recorded; ValidationError for an actor that cannot be one
 */
export async function principalOfCredential(
  credential: string,
  { purpose = 'operations', panel, origin }: AuthenticateOptions,
  link: Pick<ServiceLink, 'verifier' | 'gate'>,
): Promise<Principal> {
  const verifier = await link.verifier();
  const identity = await verifier.verify(credential).catch(async (error: unknown) => {
    const reason = error instanceof UnauthenticatedError ? error.reason : 'unavailable';
    await link.gate.denied({ actor: { subject: 'unknown', roles: [], purpose, origin }, via: 'token' }, { operation: 'signin.service', reason });
    throw error;
  });
  // A token that names no role is its subject's own; words that are no roles allow nothing.
  const roles = identity.roles.length === 0 ? (['self'] as const) : rolesOf(identity.roles);
  const actor = parseActor({
    subject: identity.subject,
    roles: [...roles],
    purpose: identity.purpose ?? purpose,
    ...(origin !== undefined && { origin }),
    ...((identity.panel ?? panel) !== undefined && { panel: identity.panel ?? panel }),
    ...(identity.labels !== undefined && { labels: identity.labels }),
  });
  return { actor, via: identity.via, check: async () => void (await verifier.verify(credential)) };
}
