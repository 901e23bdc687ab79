import type { Event } from '../../../src/contract/event.js';
import type { JsonValue } from '../../../src/contract/json.js';
import type { EventFilter, FieldCondition } from '../../../src/queries/events/filter/EventFilter.js';

/** What a filter means, event by event. */
export function passes(event: Event, filter: EventFilter): boolean {
  if ('and' in filter) return filter.and.every((part) => passes(event, part));
  if ('or' in filter) return filter.or.some((part) => passes(event, part));
  if ('not' in filter) return !passes(event, filter.not);
  const member = memberOf(event, filter.field);
  return Object.entries(filter).every(([name, given]) => name === 'field' || holds(name as keyof FieldCondition, member, given as JsonValue));
}

function memberOf(event: Event, field: FieldCondition['field']): JsonValue | undefined {
  let member: unknown = event;
  for (const key of typeof field === 'string' ? field.split('.') : field) {
    if (typeof member !== 'object' || member === null || Array.isArray(member) || !Object.hasOwn(member, key)) return undefined;
    member = (member as Record<string, unknown>)[key];
  }
  return member as JsonValue | undefined;
}

function holds(name: keyof FieldCondition, member: JsonValue | undefined, given: JsonValue): boolean {
  const isComparable = typeof member === typeof given && (typeof given === 'number' || typeof given === 'string');
  switch (name) {
    case 'eq':
      return member === given;
    case 'ne':
      return member !== given;
    case 'gt':
      return isComparable && member! > given!;
    case 'gte':
      return isComparable && member! >= given!;
    case 'lt':
      return isComparable && member! < given!;
    case 'lte':
      return isComparable && member! <= given!;
    case 'in':
      return (given as JsonValue[]).some((one) => one === member);
    case 'exists':
      return given ? member !== undefined : member === undefined;
    case 'prefix':
      return typeof member === 'string' && member.slice(0, (given as string).length) === given;
    case 'contains':
      if (typeof member === 'string') return typeof given === 'string' && member.split(given).length > 1 || given === '';
      return Array.isArray(member) && member.some((item) => item === given);
    case 'field':
      return true;
  }
}
