import type { JsonValue } from '../../contract/json.js';
import { pathOf } from '../../producer/validateIssues.js';
import type { EventView } from './EventView.js';
import { placeOf } from './filter/fieldPlace.js';
import { startOfYear } from './keepToView.js';
import { Projection, type SelectedMember } from './Projection.js';
import type { ShownMembers } from './ShownMembers.js';

const wholeEvent = ['type', 'priority', 'timestamp', 'properties', 'metadata'].map((field) => [field]);

/**
 * What a view shows of a selection, or of whole events: of the others not even the columns are read.
 * @throws what `view.refuse` throws, for a selected member that is not shown
 */
export function shownProjection(view: EventView, type: unknown, select: readonly SelectedMember[] | undefined, givesEvents: boolean): Projection | undefined {
  const shown = givesEvents && typeof type === 'string' ? view.shown(type) : undefined;
  if (shown === undefined) return select && new Projection(select);
  for (const { keys } of select ?? []) if (!shown.maySelect(keys) && !isRoot(keys)) view.refuse('field', 'The actor may not see this member.', pathOf(keys));
  return new Projection((select?.map(({ keys }) => keys) ?? wholeEvent).flatMap((keys) => shownParts(shown, keys)));
}

/** A member as it is shown; all of `properties` or `metadata` by the members that are. */
function shownParts(shown: ShownMembers, keys: readonly string[]): SelectedMember[] {
  const names = isRoot(keys) ? shown.namesOf(keys[0] as 'properties' | 'metadata') : undefined; // one of the two, says isRoot
  if (names !== undefined) return names.flatMap((name) => shownParts(shown, [...keys, name]));
  const show = keys[0] === 'timestamp' ? (time: JsonValue) => startOfYear(Number(time)) : (value: JsonValue) => shown.shownOf(keys, value);
  return [{ keys, place: placeOf(keys), show }];
}

function isRoot(keys: readonly string[]): boolean {
  return keys.length === 1 && (keys[0] === 'properties' || keys[0] === 'metadata');
}
