import type { Actor, ActorVia } from '../contract/access.js';

/** An actor, and how it is known who it is. */
export interface Principal {
  readonly actor: Actor;
  readonly via: ActorVia;
  /** Of a credential that was checked here: throws UnauthenticatedError once it is good no longer. Asked before each call. */
  readonly check?: () => Promise<void>;
}

/** The bare service: the application itself, which may do everything, and is recorded as such. */
export const application: Principal = Object.freeze({
  actor: Object.freeze({ subject: 'application', roles: Object.freeze([]), purpose: 'application' as const }),
  via: 'application' as const,
});
