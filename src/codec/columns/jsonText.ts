import type { JsonObject, JsonValue } from '../../contract/json.js';

/** JSON that keeps what `JSON.parse` reads but `JSON.stringify` does not write: -0, and numbers past the largest. */
export function jsonText(value: JsonValue): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const text = JSON.stringify(value);
  // Only what became 0 or null can have been another number.
  return (text.includes('0') || text.includes('null')) && holdsOddNumber(value) ? write(value) : text;
}

function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '1e999' : '-1e999';
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

function holdsOddNumber(value: JsonValue): boolean {
  if (typeof value === 'number') return Object.is(value, -0) || !Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member) => holdsOddNumber(member as JsonValue)); // no member of parsed JSON is undefined
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
