import { AccessError } from '../errors/AccessError.js';
import type { EventView } from '../queries/events/EventView.js';
import type { Grant } from './Grant.js';

/** What queries show of the events that a grant is about; undefined: everything. */
export function viewOf({ owners, isDeidentified, operation, actor }: Grant): EventView | undefined {
  if (isDeidentified && operation.startsWith('events.')) {
    throw new AccessError(operation, 'purpose', `Events identify persons, and are not read for the purpose ${actor.purpose}.`);
  }
  return owners === 'all' ? undefined : { owners };
}
