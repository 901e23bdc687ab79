import type { TypeClasses } from '../contract/dataClasses.js';
import type { JsonObject } from '../contract/json.js';
import { readMember } from './validateMember.js';

/** The members of an object, each read once. */
export interface ReadMembers {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

/** What became of metadata that the guard let pass unchanged. */
export interface KnownJson {
  readonly json: string;
  /** UTF-8 bytes of it. */
  readonly bytes: number;
  readonly keys: number;
}

interface Entry extends ReadMembers {
  readonly known: KnownJson;
}

/** By what the event's type declared of its members then, and by the longest text among the values. */
type Generation = Map<TypeClasses, Map<string, Entry[]>>;

const MOST_KEYS = 16;
/** Characters of JSON: larger objects are rarely the same twice. */
const LONGEST = 1024;
const GENERATION = 512;
/** Objects with the same longest text, as those of sessions in one browser; the latest ones are kept. */
const MOST_ALIKE = 16;
/** Metadata that never comes again, such as one with an id of each request, is not looked for any more for a while. */
const MISSES = 2048;
const SKIPS = 65_536;

/**
 * Flat metadata that came lately, as JSON: sessions send the same browser and version with each event, and comparing them
 * takes a tenth of walking, copying and writing them. It keeps two generations of 512 objects and forgets the
 * older one when the younger is full: at most 5 MB. For one guard.
 */
export class KnownMetadata {
  #young: Generation = new Map();
  #old: Generation = new Map();
  #size = 0;
  #misses = 0;
  #skips = 0;

  /** Reads the members of what may be known. @returns undefined when it is not worth it; what is read must not be read again */
  read(source: object): ReadMembers | undefined {
    if (this.#skips > 0) {
      this.#skips -= 1;
      return undefined;
    }
    const keys = Object.keys(source);
    return keys.length > MOST_KEYS ? undefined : { keys, values: keys.map((key) => readMember(source, key)) };
  }

  find({ keys, values }: ReadMembers, classes: TypeClasses): KnownJson | undefined {
    const text = longestText(values);
    const found = search(this.#young.get(classes)?.get(text), keys, values) ?? search(this.#old.get(classes)?.get(text), keys, values);
    if (found !== undefined) this.#misses = 0;
    else if (++this.#misses >= MISSES) [this.#misses, this.#skips] = [0, SKIPS];
    return found;
  }

  /** Keeps it, unless the guard has changed something: it counts what it masks, each time. */
  add({ keys, values }: ReadMembers, classes: TypeClasses, copy: JsonObject, { json, bytes }: Omit<KnownJson, 'keys'>): void {
    if (json.length > LONGEST || keys.includes('timestamp') || !isSame(copy, keys, values)) return;
    if (this.#size >= GENERATION) {
      [this.#old, this.#young, this.#size] = [this.#young, new Map(), 0];
    }
    const byText = this.#young.get(classes) ?? new Map<string, Entry[]>();
    this.#young.set(classes, byText);
    const text = longestText(values);
    const alike = byText.get(text) ?? [];
    byText.set(text, alike);
    if (alike.length === MOST_ALIKE) alike.shift();
    else this.#size += 1;
    alike.push({ keys, values, known: { json, bytes, keys: keys.length } });
  }
}

function search(alike: readonly Entry[] | undefined, keys: readonly string[], values: readonly unknown[]): KnownJson | undefined {
  if (alike === undefined) return undefined;
  for (const entry of alike) {
    if (areEqual(entry.values, values) && areEqual(entry.keys, keys)) return entry.known;
  }
  return undefined;
}

/** Where all of it are plain values, which `===` compares as JSON would show them. */
function isSame(copy: JsonObject, keys: readonly string[], values: readonly unknown[]): boolean {
  const kept = Object.keys(copy);
  return kept.length === keys.length && kept.every((key, place) => key === keys[place] && typeof copy[key] !== 'object' && copy[key] === values[place]);
}

function areEqual(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let place = 0; place < one.length; place += 1) if (one[place] !== other[place]) return false;
  return true;
}

function longestText(values: readonly unknown[]): string {
  let longest = '';
  for (const value of values) if (typeof value === 'string' && value.length > longest.length) longest = value;
  return longest;
}
