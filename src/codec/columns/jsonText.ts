import type { JsonObject, JsonValue } from '../../contract/json.js';

/** JSON that keeps -0, which `JSON.stringify` writes as 0 although `JSON.parse` reads it. */
export function jsonText(value: JsonValue): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const text = JSON.stringify(value);
  // Only a 0 can have been a -0.
  return text.includes('0') && holdsNegativeZero(value) ? write(value) : text;
}

/** A copy that shares nothing: what is cached must not be what a caller may change. */
export function copyJson(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(copyJson);
  const copy: Record<string, JsonValue> = {};
  for (const key of Object.keys(value)) setMember(copy, key, copyJson(value[key]!));
  return copy;
}

/** Sets an own member, as `JSON.parse` does: an assignment to `__proto__` would set the prototype. */
export function setMember(object: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

function holdsNegativeZero(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0);
  return Object.values(value).some((member) => holdsNegativeZero(member as JsonValue)); // no member of parsed JSON is undefined
}

function write(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return jsonText(value);
  if (isArray(value)) return `[${value.map(write).join(',')}]`;
  return `{${Object.keys(value).map((key) => `${JSON.stringify(key)}:${write(value[key]!)}`).join(',')}}`;
}

/** `Array.isArray` does not narrow a readonly array. */
function isArray(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}
