import type { JsonObject, JsonValue } from '../../contract/json.js';

/**
 * JSON of whatever `JSON.parse` reads, so that reading it gives the same again. `JSON.stringify` does nearly that, but it
 * writes -0 as 0 and numbers past the largest as null, and fails where nesting is some thousand levels deep. A producer
 * of this service makes nothing of the kind, but others may hold its public key, and one event must not stop a merge.
 */
export function jsonText(value: JsonValue): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  try {
    const text = JSON.stringify(value);
    // Only what became 0 or null can have been another number.
    return (text.includes('0') || text.includes('null')) && holdsOddNumber(value) ? write(value) : text;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return write(value);
  }
}

/** A copy that shares nothing: what is cached must not be what a caller may change. */
export function copyJson(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  try {
    return copyNested(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return JSON.parse(write(value)) as JsonValue;
  }
}

/** Sets an own member, as `JSON.parse` does: an assignment to `__proto__` would set the prototype. */
export function setMember(object: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '1e999' : '-1e999';
}

function holdsOddNumber(value: JsonValue): boolean {
  if (typeof value === 'number') return Object.is(value, -0) || !Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member) => holdsOddNumber(member as JsonValue)); // no member of parsed JSON is undefined
}

function copyNested(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(copyNested);
  const copy: Record<string, JsonValue> = {};
  for (const key of Object.keys(value)) setMember(copy, key, copyNested(value[key]!));
  return copy;
}

/** An array or object of which some members are written. */
interface Opened {
  readonly keys: readonly string[] | undefined;
  readonly members: readonly JsonValue[];
  next: number;
}

/** Keeps what is open in a list of its own: the stack has no room for any depth. */
function write(value: JsonValue): string {
  const pieces: string[] = [];
  const open: Opened[] = [];
  const begin = (member: JsonValue): void => {
    if (typeof member !== 'object' || member === null) {
      pieces.push(jsonText(member));
      return;
    }
    const keys = isArray(member) ? undefined : Object.keys(member);
    open.push({ keys, members: Object.values(member) as JsonValue[], next: 0 }); // no member of parsed JSON is undefined
    pieces.push(keys === undefined ? '[' : '{');
  };
  begin(value);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { keys, members, next } = top;
    if (next === members.length) {
      pieces.push(keys === undefined ? ']' : '}');
      open.pop();
      continue;
    }
    if (next > 0) pieces.push(',');
    if (keys !== undefined) pieces.push(`${JSON.stringify(keys[next]!)}:`);
    top.next++;
    begin(members[next]!);
  }
  return pieces.join('');
}

/** `Array.isArray` does not narrow a readonly array. */
function isArray(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}
