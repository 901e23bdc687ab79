import { ValidationError } from '../errors/ValidationError.js';
import { kindOf } from '../producer/validateIssues.js';

/**
 * The members of a body that has to be an object.
 * @throws ValidationError, as the service says it of options that are none
 */
export function membersOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ValidationError('request', [{ path: 'options', given: kindOf(body), allowed: 'a plain object' }]);
  }
  return body as Readonly<Record<string, unknown>>; // what JSON calls an object
}
