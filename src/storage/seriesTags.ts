import type { ReadingKeys } from '../security/KeyRing.js';

const HASH_BYTES = 8;
const HOUR_BYTES = 4;

/** What is left of a stored value without the hour of the series' latest sample, which the script puts before it. */
export function withoutHour(stored: Buffer): Buffer {
  return stored.subarray(HOUR_BYTES);
}

/** The id of a series (16 hex digits): one for each metric name and whole tag set. */
export function seriesIdOf(name: string, canonicalTags: string, secrets: ReadingKeys): string {
  return secrets.fingerprints.series(name, canonicalTags).toString('hex');
}

/**
 * A series' tags as they rest: how many, a keyed hash of each `key=value` (8 bytes), then the sealed tags. A filter
 * compares hashes, so only the series that match are opened.
 */
export function sealTags(
  name: string,
  keyName: string,
  seriesId: string,
  tags: Readonly<Record<string, string>>,
  secrets: ReadingKeys,
): Buffer {
  const hashes = Object.entries(tags).map(([key, value]) => secrets.fingerprints.tag(name, key, value));
  const sealed = secrets.fields.seal(tagsPlace(keyName, seriesId), JSON.stringify(tags));
  return Buffer.concat([Buffer.of(hashes.length), ...hashes, sealed]);
}

/** What a series' sealed tags are bound to. */
export function tagsPlace(keyName: string, seriesId: string): string {
  return `tags|${keyName}|${seriesId}`;
}

/** The sealed part of what is stored. */
export function sealedTagsOf(stored: Buffer): Buffer {
  return stored.subarray(1 + stored[0]! * HASH_BYTES);
}

/** Whether the series has a tag, given by its hash. */
export function hasTag(stored: Buffer, hash: Buffer): boolean {
  const end = 1 + stored[0]! * HASH_BYTES;
  for (let at = 1; at < end; at += HASH_BYTES) if (hash.equals(stored.subarray(at, at + HASH_BYTES))) return true;
  return false;
}

/** @throws KeyError `SEAL_BROKEN` */
export function openTags(stored: Buffer, keyName: string, seriesId: string, secrets: ReadingKeys): Record<string, string> {
  // sealTags wrote it: an object of strings.
  return JSON.parse(secrets.fields.open(tagsPlace(keyName, seriesId), sealedTagsOf(stored))) as Record<string, string>;
}
