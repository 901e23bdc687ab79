import { copyJson, setMember } from '../../codec/columns/jsonText.js';
import type { ColumnName } from '../../codec/columns/Column.js';
import type { EventTable } from '../../codec/columns/EventTable.js';
import type { Event } from '../../contract/event.js';
import type { EventTypeName, PropertiesOut } from '../../contract/eventTypes.js';
import type { JsonObject, JsonValue } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import { kindOf, pathOf, type IssueList } from '../../producer/validateIssues.js';
import { readMember } from '../../producer/validateMember.js';
import type { Columns } from './EventScan.js';
import type { EventField } from './filter/EventFilter.js';
import { keysOf, placeOf } from './filter/fieldPlace.js';
import { memberBelow, type MemberPlace } from './filter/Predicate.js';

/** A member that `select` may name: whatever a filter may, or all of `properties` or `metadata`, or `type`. */
export type SelectedField = EventField | 'type' | 'properties' | 'metadata';

/** An event with some of its members. */
export type PartialEvent<Type extends EventTypeName = EventTypeName> = Readonly<
  Partial<Omit<Event<Type>, 'properties'>> & { properties?: Partial<PropertiesOut<Type>> }
>;

/** What a query with such a `select` finds. */
export type Selected<Type extends EventTypeName, Select extends readonly SelectedField[] | undefined> = [Select] extends [undefined]
  ? Event<Type>
  : PartialEvent<Type>;

const ALLOWED = 'id, type, priority, userId, sessionId, timestamp, properties, metadata, properties.… or metadata.…, or an array of keys';

export interface SelectedMember {
  readonly keys: readonly string[];
  /** Undefined for `type`, and for all of `properties` or `metadata`. */
  readonly place: MemberPlace | undefined;
  /** What is shown of the value; undefined for nothing. Default: all of it. */
  readonly show?: (value: JsonValue) => JsonValue | undefined;
}

/** Which members of events a query gives. */
export class Projection {
  readonly columns: Columns;
  readonly #members: readonly SelectedMember[];

  constructor(members: readonly SelectedMember[]) {
    // Shorter first, so that a member of an object is not lost to the object.
    this.#members = members.toSorted((one, other) => one.keys.length - other.keys.length);
    const columns = new Set<ColumnName>();
    for (const { place } of members) if (place !== undefined) columns.add(place.column);
    // Which columns there are of `properties` only the chunk knows.
    this.columns = members.some(isWholeObject) ? 'all' : columns;
  }

  /** New objects: whoever gets them may change them. */
  read(table: EventTable, row: number, type: string): PartialEvent {
    const whole = this.columns === 'all' ? (table.event(row) as Event & JsonObject) : undefined; // JSON all through
    const event: Record<string, JsonValue> = {};
    for (const { keys, place, show } of this.#members) {
      const found = place === undefined ? (keys[0] === 'type' ? type : whole?.[keys[0]!]) : memberOf(table, row, place);
      const value = found === undefined || show === undefined ? found : show(found);
      if (value !== undefined) setBelow(event, keys, copyJson(value));
    }
    return event as PartialEvent; // built from an event's own members
  }
}

/** @returns undefined without `select`, and where something is wrong, which is then in `issues` */
export function parseSelect(given: unknown, issues: IssueList): SelectedMember[] | undefined {
  if (given === undefined) return undefined;
  const fields = itemsOf(given);
  if (fields === undefined) {
    issues.add('select', kindOf(given), `an array of 1 to ${limits.selectedFields} members`);
    return undefined;
  }
  return fields.flatMap((field, index): SelectedMember[] => {
    const keys = keysOf(field);
    const place = keys && placeOf(keys);
    if (keys !== undefined && (place !== undefined || isTopLevel(keys))) return [{ keys, place }];
    issues.add(pathOf(['select', index]), kindOf(field), ALLOWED);
    return [];
  });
}

function itemsOf(given: unknown): unknown[] | undefined {
  try {
    if (!Array.isArray(given) || given.length === 0 || given.length > limits.selectedFields) return undefined;
    return Array.from({ length: given.length }, (_, index) => readMember(given, index));
  } catch {
    return undefined; // a trap of a proxy
  }
}

function isTopLevel(keys: readonly string[]): boolean {
  return keys.length === 1 && ['type', 'properties', 'metadata'].includes(keys[0]!);
}

function isWholeObject({ keys, place }: SelectedMember): boolean {
  return place === undefined && keys[0] !== 'type';
}

function memberOf(table: EventTable, row: number, { column, below }: MemberPlace): JsonValue | undefined {
  if (column === 'id') return table.id(row);
  if (column === 'time') return table.times[row];
  const { values, indexes } = table.column(column);
  return memberBelow(values[indexes[row]!], below);
}

/** Sets the member at `keys`, in objects that are made where there are none. */
function setBelow(event: Record<string, JsonValue>, keys: readonly string[], value: JsonValue): void {
  let object = event;
  for (const key of keys.slice(0, -1)) {
    if (!Object.hasOwn(object, key)) setMember(object, key, {});
    object = object[key] as Record<string, JsonValue>; // a member of an object: what is above it is one
  }
  setMember(object, keys.at(-1)!, value);
}
