import type { TypeClasses } from '../contract/dataClasses.js';
import { limits } from '../contract/limits.js';
import type { JsonObject, JsonValue } from '../contract/json.js';
import { DROPPED, type BooleanVerdict, type Guard, type KeyRule, type NumberVerdict, type TextVerdict } from '../security/guard/Guard.js';
import type { ReadMembers } from './KnownMetadata.js';
import { type IssueList, isPlainObject, kindOf, pathOf, type Step } from './validateIssues.js';
import { readMember } from './validateMember.js';
import { wordRefusal } from './wordRefusal.js';

const ALLOWED = 'a JSON value (string, finite number, boolean, null, array or plain object)';

/**
 * Copies `properties` and `metadata` of one event to plain objects. One walk validates, guards and copies, and reads
 * every member exactly once: a getter or a proxy cannot show one thing to the check and another to the copy.
 * What is wrong is added to `issues`; the copy then is not to be used. Throws only what the guard throws.
 */
export class ObjectNormalizer {
  /** `timestamp` of the object last given to `copy`, as it was before the guard. */
  timestamp: unknown;

  readonly #issues: IssueList;
  readonly #classes: TypeClasses;
  readonly #path: Step[] = [];
  readonly #ancestors: object[] = [];
  #guard: Guard;
  #keys = 0;
  // A lower bound of the JSON's bytes. It ends the walk of an input of any size soon: a part that is shared counts each time.
  #size = 0;
  #stopped = false;

  /** @param classes what the event's type declares of its members */
  constructor(issues: IssueList, guard: Guard, classes: TypeClasses) {
    this.#issues = issues;
    this.#guard = guard;
    this.#classes = classes;
  }

  /**
   * @param options `guard`: another one for this object; `members`: those of `source`, where they have been read already
   * @returns the copy, or an empty object if `source` cannot be copied
   */
  copy(field: 'properties' | 'metadata', source: unknown, { guard = this.#guard, members }: { guard?: Guard; members?: ReadMembers | undefined } = {}): JsonObject {
    this.timestamp = undefined;
    if (this.#stopped) return {};
    if (typeof source !== 'object' || source === null) {
      this.#issues.add(field, kindOf(source), 'a plain object');
      return {};
    }
    const usualGuard = this.#guard;
    this.#guard = guard;
    const copy = this.#nested(source, guard.root(this.#classes, field), field, members);
    this.#guard = usualGuard;
    return (copy ?? {}) as JsonObject; // at the top #nested refuses an array
  }

  /** Counts keys that were not walked. @returns false when there are too many then: walk them, which says so */
  takesKeys(count: number): boolean {
    if (this.#stopped || this.#keys + count > limits.keys) return false;
    this.#keys += count;
    return true;
  }

  /** Forgets what was counted, so that the copy itself can be walked. */
  restart(): void {
    this.#keys = 0;
    this.#size = 0;
  }

  /** @returns undefined for what is left out and for what was refused */
  #value(value: unknown, rule: KeyRule, step: Step): JsonValue | undefined {
    switch (typeof value) {
      case 'string':
        if (this.#outgrows(value.length + 3)) return undefined;
        if (!value.isWellFormed()) return this.#refuse(step, kindOf(value), 'well-formed Unicode');
        return this.#judged(this.#guard.text(rule, value), step);
      case 'number':
        if (this.#outgrows(2)) return undefined;
        if (!Number.isFinite(value)) return this.#refuse(step, kindOf(value), 'a finite number');
        // Adding 0 makes -0 the 0 that JSON would write.
        return this.#judged(this.#guard.number(rule, value + 0), step);
      case 'boolean':
        return this.#outgrows(5) ? undefined : this.#judged(this.#guard.boolean(rule, value), step);
      case 'object':
        if (value !== null) return this.#nested(value, rule, step);
        return this.#outgrows(5) ? undefined : null;
      default:
        return this.#refuse(step, kindOf(value), ALLOWED);
    }
  }

  #nested(source: object, rule: KeyRule, step: Step, members?: ReadMembers): JsonObject | readonly JsonValue[] | undefined {
    if (this.#outgrows(2)) return undefined;
    if (this.#ancestors.includes(source)) return this.#refuse(step, 'a cycle', 'data without cycles');
    if (this.#ancestors.length >= limits.depth) {
      return this.#refuse(step, `more than ${limits.depth} levels`, `${limits.depth} levels of nesting`);
    }
    this.#ancestors.push(source);
    this.#path.push(step);
    const copy = members === undefined ? this.#copyOf(source, rule) : this.#object(source, members.keys, rule, members.values);
    this.#path.pop();
    this.#ancestors.pop();
    return copy;
  }

  #copyOf(source: object, rule: KeyRule): JsonObject | readonly JsonValue[] | undefined {
    let keys: readonly string[] | undefined;
    let length = 0;
    try {
      // Any of these runs a trap if `source` is a proxy.
      if (Array.isArray(source)) length = source.length;
      else if (isPlainObject(source)) keys = Object.keys(source);
      else return this.#refuse(undefined, kindOf(source), ALLOWED);
    } catch {
      return this.#refuse(undefined, 'an object that throws when it is read', ALLOWED);
    }
    if (keys !== undefined) return this.#object(source, keys, rule);
    if (this.#ancestors.length > 1) return this.#array(source, length, rule);
    return this.#refuse(undefined, kindOf(source), 'a plain object');
  }

  /** @param values the members, where they have been read already */
  #object(source: object, keys: readonly string[], rule: KeyRule, values?: readonly unknown[]): JsonObject | undefined {
    this.#keys += keys.length;
    if (this.#keys > limits.keys) {
      this.#stopped = true;
      return this.#refuse(undefined, `more than ${limits.keys} keys`, `${limits.keys} keys in properties and metadata together`);
    }
    const copy: Record<string, JsonValue> = {};
    for (let place = 0; place < keys.length && !this.#stopped; place++) {
      const key = keys[place]!; // within its length
      const value = values === undefined ? readMember(source, key) : values[place];
      if (value === undefined) continue;
      if (key === 'timestamp' && this.#ancestors.length === 1) this.timestamp = value;
      if (this.#outgrows(key.length + 3) || !this.#acceptsKey(key)) continue;

      const own = this.#guard.rule(key, rule);
      if (own.member !== undefined) {
        if (own.member !== DROPPED) this.#judged(own.member, key);
        continue;
      }
      const name = own.key === undefined ? key : this.#judged(own.key, key);
      const kept = this.#value(value, own, key);
      if (name === undefined || kept === undefined || own.isLeftOut === true) continue;
      if (name in copy) addUnusual(copy, name, kept);
      else copy[name] = kept;
    }
    return copy;
  }

  #array(source: object, length: number, rule: KeyRule): readonly JsonValue[] | undefined {
    if (length > limits.arrayLength) {
      return this.#refuse(undefined, `array of ${length} items`, `at most ${limits.arrayLength} items`);
    }
    const copy: JsonValue[] = [];
    for (let index = 0; index < length && !this.#stopped; index++) {
      const kept = this.#value(readMember(source, index), rule, index);
      if (kept !== undefined) copy.push(kept);
    }
    return copy;
  }

  #acceptsKey(key: string): boolean {
    if (key.length > limits.keyLength) {
      this.#refuse(key, `a key of ${key.length} characters`, `keys of at most ${limits.keyLength} characters`);
    } else if (!key.isWellFormed()) {
      this.#refuse(key, 'a key with a lone surrogate', 'well-formed Unicode');
    } else if (key === '__proto__' || (key === 'prototype' && this.#path.at(-1) === 'constructor')) {
      // Harmless here, but a way to a prototype for whoever merges the event into something later.
      this.#refuse(key, 'a key that reaches a prototype', 'other keys');
    } else {
      return true;
    }
    return false;
  }

  #judged(verdict: TextVerdict, step: Step): string | undefined;
  #judged(verdict: NumberVerdict | BooleanVerdict, step: Step): number | boolean | string | undefined;
  #judged(verdict: NumberVerdict | BooleanVerdict, step: Step): number | boolean | string | undefined {
    if (typeof verdict !== 'object' && typeof verdict !== 'symbol') return verdict;
    if (verdict === DROPPED) return undefined;
    const { given, allowed } = wordRefusal(verdict);
    return this.#refuse(step, given, allowed);
  }

  /** Counts what the JSON will have at least; true once it is too much. */
  #outgrows(bytes: number): boolean {
    this.#size += bytes;
    if (this.#size <= limits.eventBytes || this.#stopped) return this.#stopped;
    this.#stopped = true;
    this.#issues.add('properties and metadata', `more than ${limits.eventBytes} bytes as JSON`, `${limits.eventBytes} bytes together`);
    return true;
  }

  #refuse(step: Step | undefined, given: string, allowed: string): undefined {
    this.#issues.add(pathOf(step === undefined ? this.#path : [...this.#path, step]), given, allowed);
    if (this.#issues.isFull) this.#stopped = true;
  }
}

/** Adds a member under a name that an assignment would not make an own one, or that masking has made twice. */
function addUnusual(copy: Record<string, JsonValue>, name: string, value: JsonValue): void {
  let free = name;
  for (let count = 2; Object.hasOwn(copy, free); count++) free = `${name}#${count}`;
  Object.defineProperty(copy, free, { value, enumerable: true, configurable: true, writable: true });
}
