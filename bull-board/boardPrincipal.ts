import type { Principal } from '../src/access/Principal.js';
import type { ActorVia, Role } from '../src/contract/access.js';

/** Somebody at the board, who looks after the service and is recorded by name. */
export function boardPrincipal(subject: string, roles: readonly Role[], via: ActorVia, origin: string): Principal {
  return { actor: { subject, roles, purpose: 'operations', origin }, via };
}
