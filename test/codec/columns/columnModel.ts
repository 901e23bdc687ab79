import { isDeepStrictEqual } from 'node:util';

import type { Column, ColumnName } from '../../../src/codec/columns/Column.js';
import type { EventTable } from '../../../src/codec/columns/EventTable.js';
import { eventOf, type StoredEvent } from '../../../src/codec/columns/StoredEvent.js';
import type { JsonObject } from '../../../src/contract/json.js';

export type MemberName = Extract<ColumnName, `${string}.${string}`>;

/** Every member that some event has, and some that none has. */
export function memberNamesOf(events: readonly StoredEvent[]): MemberName[] {
  const names = new Set<MemberName>(['properties.nobody has it', 'metadata.', 'properties.__proto__', 'metadata.hasOwnProperty']);
  for (const event of events) {
    for (const key of Object.keys(parse(event.properties) ?? {})) names.add(`properties.${key}`);
    for (const key of Object.keys(parse(event.metadata) ?? {})) names.add(`metadata.${key}`);
  }
  return [...names];
}

/** What a column holds in each row, by parsing every event. */
export function modelColumn(events: readonly StoredEvent[], name: Exclude<ColumnName, 'time' | 'offset' | 'id'>): unknown[] {
  if (name === 'priority') return events.map(({ priority }) => priority);
  if (name === 'user') return events.map(({ userId }) => userId ?? undefined);
  if (name === 'session') return events.map(({ sessionId }) => sessionId ?? undefined);
  const [field, key] = name.startsWith('properties.') ? (['properties', name.slice(11)] as const) : (['metadata', name.slice(9)] as const);
  return events.map((event) => {
    const object = parse(event[field]);
    return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
  });
}

export function valuesOf({ values, indexes }: Column): unknown[] {
  return Array.from(indexes, (index) => {
    if (index >= values.length) throw new Error('an index points outside the values');
    return values[index];
  });
}

/** Compares with node's own equality: it tells -0 from 0, and sees an own `__proto__`. The order of members counts too. */
export function isSame(actual: unknown, expected: unknown): boolean {
  return isDeepStrictEqual(actual, expected) && JSON.stringify(actual) === JSON.stringify(expected);
}

/** @returns what differs from the events; nothing when all is well */
export function differences(table: EventTable, type: string, events: readonly StoredEvent[]): string[] {
  const found: string[] = [];
  const check = (what: string, actual: unknown, expected: unknown): void => {
    if (!isSame(actual, expected)) found.push(what);
  };
  check('count', table.count, events.length);
  check('times', [...Array.from(table.times)], events.map(({ timestamp }) => timestamp));
  check('offsets', [...Array.from(table.offsets)], events.map(({ offset }) => offset));
  for (const name of ['priority', 'user', 'session', ...memberNamesOf(events)] as const) check(name, valuesOf(table.column(name)), modelColumn(events, name));
  for (const [row, event] of events.entries()) {
    check(`id ${row}`, table.id(row), event.id);
    check(`event ${row}`, table.event(row), eventOf(type, event));
  }
  return found;
}

const parsed = new Map<string, JsonObject | undefined>();

/** A text is parsed once: the model asks for each event again and again. */
function parse(text: string): JsonObject | undefined {
  if (parsed.size > 2000) parsed.clear();
  if (!parsed.has(text)) parsed.set(text, text === '' ? undefined : (JSON.parse(text) as JsonObject));
  return parsed.get(text);
}
