import { mayDo } from '../src/access/decide.js';

/**
 * The roles that lead somewhere here, by what they allow: `viewer` looks; `operator` and `admin` also retry and promote jobs,
 * and drop dead letters; `admin` also opens these. What each may do is `policy`'s to say. Nobody adds jobs or changes what
 * is in them.
 */
export const boardRoles = ['viewer', 'operator', 'admin'] as const;
export type BoardRole = (typeof boardRoles)[number];

/** The one of a token's roles that allows most here; undefined when none is of the board. */
export function boardRoleOf(roles: readonly string[]): BoardRole | undefined {
  return boardRoles.findLast((role) => roles.includes(role) && mayDo([role], 'signin.board'));
}

export function mayChangeJobs(role: BoardRole): boolean {
  return mayDo([role], 'queues.change');
}
