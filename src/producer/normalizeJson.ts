import type { JsonObject, JsonValue } from '../contract/json.js';

/**
 * JSON of a copy that `ObjectNormalizer` made. JSON.stringify does it, unless somebody has put a `toJSON` on a
 * prototype, which it would call: old libraries do, and it would change what is stored.
 */
export function toJson(value: JsonObject): string {
  return hasForeignToJson() ? write(value) : JSON.stringify(value);
}

function hasForeignToJson(): boolean {
  return 'toJSON' in Object.prototype || 'toJSON' in Array.prototype;
}

function write(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  // No member of a copy is undefined.
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${write(member ?? null)}`);
  return `{${members.join(',')}}`;
}
