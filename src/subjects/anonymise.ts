import { createHmac } from 'node:crypto';

import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import type { MemberClass, TypeClasses } from '../contract/dataClasses.js';
import type { JsonObject, JsonValue } from '../contract/json.js';

/**
 * Makes the function that takes out of events whose they are: ids of user, session and event become surrogates that nobody
 * can make without the key, and of properties and metadata only what identifies nobody stays. What is declared `public`
 * or `internal` does, and numbers and truth values of what is `phi`; texts of `phi`, and what is `pii`, `secret` or not
 * declared, do not.
 *
 * The same ids become the same surrogates, so that an erasure that is run again goes on as it began.
 */
export function createAnonymiser(key: Buffer, classesOf: (type: string) => TypeClasses): (type: string, event: StoredEvent) => StoredEvent {
  const surrogate = (kind: string, id: string): string => createHmac('sha256', key).update(`${kind}|${id}`).digest('hex').slice(0, 24);
  return (type, event) => {
    const { properties, metadata } = classesOf(type);
    return {
      ...event,
      id: surrogate('event', event.id),
      userId: event.userId === null ? null : `anonymous-${surrogate('user', event.userId)}`,
      sessionId: event.sessionId === null ? null : `anonymous-${surrogate('session', event.sessionId)}`,
      properties: JSON.stringify(unnamed(JSON.parse(event.properties) as JsonObject, properties)), // verified before it was sealed
      metadata: event.metadata === '' ? '' : JSON.stringify(unnamed(JSON.parse(event.metadata) as JsonObject, metadata)),
    };
  };
}

function unnamed(object: JsonObject, place: MemberClass): JsonObject {
  const kept: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(object)) {
    const left = value === undefined ? undefined : withoutNames(value, place.member(key));
    if (left !== undefined) kept.push([key, left]);
  }
  return Object.fromEntries(kept);
}

function withoutNames(value: JsonValue, place: MemberClass): JsonValue | undefined {
  const isOpen = place.class === 'public' || place.class === 'internal';
  // A key that nobody declared by name may be somebody's.
  if (place.by === 'nobody' || (place.by === 'wildcard' && !isOpen)) return undefined;
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((item) => withoutNames(item, place));
    // Without some of them it would say something else.
    return items.includes(undefined) ? undefined : (items as JsonValue[]);
  }
  if (typeof value === 'object' && value !== null) return unnamed(value as JsonObject, place);
  return isOpen || (place.class === 'phi' && typeof value !== 'string') ? value : undefined;
}
