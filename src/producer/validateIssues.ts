import { types } from 'node:util';
import { ValidationError, type FieldIssue } from '../errors/ValidationError.js';
import { isTerm } from '../security/guard/isTerm.js';
import { UNREADABLE } from './validateMember.js';

/** Issues that one error lists; a hostile input could have thousands. */
const MAX_ISSUES = 100;

/** Gathers every bad field of one input. */
export class IssueList {
  readonly #issues: FieldIssue[] = [];

  /** True once no further issue would be listed, so that looking for more is in vain. */
  get isFull(): boolean {
    return this.#issues.length >= MAX_ISSUES;
  }

  get count(): number {
    return this.#issues.length;
  }

  get isEmpty(): boolean {
    return this.#issues.length === 0;
  }

  add(path: string, given: string, allowed: string): void {
    if (!this.isFull) this.#issues.push({ path, given, allowed });
  }

  /** @throws ValidationError if there is an issue */
  throwIfAny(subject: string): void {
    if (!this.isEmpty) throw this.toError(subject);
  }

  toError(subject: string): ValidationError {
    return new ValidationError(subject, this.#issues);
  }
}

/** Names what was given by kind and size, never by value: the text ends in logs. Never throws. */
export function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? `string of ${value.length} characters` : 'string with a lone surrogate';
    case 'number':
      return Number.isFinite(value) ? 'number' : String(value);
    case 'object':
      return value === null ? 'null' : kindOfObject(value);
    case 'symbol':
      return value === UNREADABLE ? 'a getter that throws' : 'symbol';
    default:
      return typeof value;
  }
}

function kindOfObject(value: object): string {
  // Proxies first: any other question may run their traps.
  if (types.isProxy(value)) return 'proxy';
  if (Array.isArray(value)) return `array of ${value.length} items`;
  if (types.isDate(value)) return 'Date';
  if (types.isMap(value)) return 'Map';
  if (types.isSet(value)) return 'Set';
  if (types.isPromise(value)) return 'Promise';
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return 'binary data';
  return isPlainObject(value) ? 'object' : 'instance of a class';
}

/**
 * Whether `value` was made by `{}`, `Object.create(null)` or JSON.parse, also in another realm (a vm context, a
 * worker): then its prototype is the last of its chain.
 */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A key, or the place in an array. */
export type Step = string | number;

// A key may itself be data (an address, a number, a sentence, also one that is written with dashes), which no message may hold.
const plainKey = /^[A-Za-z_$][\w$-]{0,63}$/;

/** Where a field is, such as `properties.items[3].page`. A key that is no plain name is told by its length. */
export function pathOf(steps: readonly Step[]): string {
  return steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${plainKey.test(step) && isTerm(step) ? step : `<key of ${step.length} characters>`}`)).join('').slice(1);
}
