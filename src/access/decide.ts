import type { Actor, Operation, Role } from '../contract/access.js';
import { AccessError } from '../errors/AccessError.js';
import type { Grant } from './Grant.js';
import { deidentifiedPurposes, identifyingRoles, policy, type Reach } from './policy.js';

/**
 * The one place that decides. Roles are never mixed: what a role that sees persons reaches is not widened by one that does
 * not. Somebody who is `self` and `analyst` sees their own events; as an actor who is `analyst` alone, everybody's, de-identified.
 *
 * @throws AccessError; whoever calls records it: see `AccessGate`
 */
export function decide(actor: Actor, operation: Operation): Grant {
  const row = policy[operation];
  const granting = actor.roles.filter((role) => row[role] !== undefined);
  if (granting.length === 0) {
    const may = Object.keys(row).join(', ');
    throw new AccessError(operation, 'role', `It takes one of the roles ${may}; the actor has ${actor.roles.join(', ')}.`);
  }
  const identifying = granting.filter((role) => identifyingRoles.has(role));
  const acting = identifying.length > 0 ? identifying : granting;
  return {
    actor,
    operation,
    owners: ownersOf(actor, acting.map((role) => row[role]!)), // only granting roles are left
    isDeidentified: identifying.length === 0 || deidentifiedPurposes.has(actor.purpose),
  };
}

/** Whether an actor may do something at all, for pages that show or hide a button. Nothing is recorded. */
export function mayDo(roles: readonly Role[], operation: Operation): boolean {
  return roles.some((role) => policy[operation][role] !== undefined);
}

function ownersOf({ subject, panel = [] }: Actor, reaches: readonly Reach[]): 'all' | ReadonlySet<string> {
  if (reaches.includes('all')) return 'all';
  const owners = new Set<string>();
  if (reaches.includes('own')) owners.add(subject);
  if (reaches.includes('panel')) for (const user of panel) owners.add(user);
  return owners;
}
