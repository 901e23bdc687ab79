import { limits } from '../contract/limits.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';

/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;

/**
 * Checks the JSON of one event as the producer's own check does it: whoever holds the public key can make a batch without
 * that, and a reader or the relay would choke on it. 0.3 µs an event besides parsing it.
 * @param metadata '' where there is none
 * @param known keys of metadata that were found to be right: in a batch the same come again and again
 * @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content
 */
export function verifyEventJson(properties: string, metadata: string, known: Map<string, number>): void {
  // First of all, since what follows takes time that grows with it.
  if ((properties.length + metadata.length) * MOST_BYTES_PER_UNIT > limits.eventBytes) {
    if (Buffer.byteLength(properties) + Buffer.byteLength(metadata) > limits.eventBytes) throw malformed('an event is too large');
  }
  const keys = countKeys(parseObject(properties), 1, 0);
  if (metadata === '') return;
  let more = known.get(metadata);
  if (more === undefined) {
    more = countKeys(parseObject(metadata), 1, 0);
    known.set(metadata, more);
  }
  if (keys + more > limits.keys) throw malformed('an event has too many keys');
}

function parseObject(line: string): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw malformed('a line is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('a line is not an object');
  return value;
}

/** @returns the keys so far with those of `value` and all within it */
function countKeys(value: object, level: number, before: number): number {
  if (level > limits.depth) throw malformed('an event is nested too deeply');
  let keys = before;
  if (Array.isArray(value)) {
    if (value.length > limits.arrayLength) throw malformed('an array is too long');
    for (const item of value as readonly unknown[]) if (typeof item === 'object' && item !== null) keys = countKeys(item, level + 1, keys);
    return keys;
  }
  // What JSON.parse makes has own members only.
  for (const key in value) {
    if (++keys > limits.keys) throw malformed('an event has too many keys');
    if (key.length > limits.keyLength) throw malformed('a key is too long');
    const member: unknown = (value as Record<string, unknown>)[key];
    if (typeof member === 'object' && member !== null) keys = countKeys(member, level + 1, keys);
  }
  return keys;
}

function malformed(why: string): AnalyticsError {
  return new AnalyticsError('STORE_INCONSISTENT', `Event rows cannot be read: ${why}.`);
}
