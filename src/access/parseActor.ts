import { ACTOR_ALLOWED, actorSchema, type Actor } from '../contract/access.js';
import { ValidationError } from '../errors/ValidationError.js';
import { isPlainObject, kindOf } from '../producer/validateIssues.js';
import { parseOptions } from '../queries/parseOptions.js';

const SUBJECT = 'actor';

/**
 * An actor as it was given, copied and frozen, so that nobody widens it afterwards.
 * @throws ValidationError naming every bad field, and no word of what was given
 */
export function parseActor(given: unknown): Actor {
  const members = copyOf(given);
  if (members === undefined) throw new ValidationError(SUBJECT, [{ path: 'options', given: kindOf(given), allowed: 'a plain object' }]);
  const { roles, panel, labels, ...rest } = parseOptions(SUBJECT, actorSchema, members, ACTOR_ALLOWED);
  return Object.freeze({
    ...rest,
    roles: Object.freeze(roles),
    ...(panel !== undefined && { panel: Object.freeze(panel) }),
    ...(labels !== undefined && { labels: Object.freeze(labels) }),
  });
}

/** Own members, each read once; undefined where it is no plain object. */
function copyOf(given: unknown): Record<string, unknown> | undefined {
  try {
    if (typeof given !== 'object' || given === null || !isPlainObject(given)) return undefined;
    return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, Array.isArray(value) ? Array.from<unknown>(value) : value]));
  } catch {
    return undefined; // a trap of a proxy
  }
}
