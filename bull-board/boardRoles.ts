/**
 * What a token's role lets its bearer do here: `viewer` looks; `operator` and `admin` also retry and promote jobs, and drop
 * dead letters; `admin` also opens these. Nobody adds jobs or changes what is in them.
 */
export const boardRoles = ['viewer', 'operator', 'admin'] as const;
export type BoardRole = (typeof boardRoles)[number];

/** The one of a token's roles that allows most here; undefined when none is of the board. */
export function boardRoleOf(roles: readonly string[]): BoardRole | undefined {
  return boardRoles.findLast((role) => roles.includes(role));
}

export function mayChangeJobs(role: BoardRole): boolean {
  return role !== 'viewer';
}

/** Whether the role sees what was tracked. */
export function mayReadContents(role: BoardRole): boolean {
  return role === 'admin';
}
