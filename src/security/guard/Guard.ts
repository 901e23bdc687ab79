import type { TypeClasses } from '../../contract/dataClasses.js';

/** What an identifier is of: a built-in class such as `email`, or the name of a custom detector. */
export type GuardClass = string;

/** The policy leaves this member out. */
export const DROPPED: unique symbol = Symbol('dropped');

/** The policy refuses the whole event because of this member: for an identifier in it, or for what its type declares. */
export interface Refusal {
  readonly refused: GuardClass;
  readonly because?: 'undeclared' | 'free_text' | 'secret';
}

/** What becomes of a string: itself or its masked form, nothing, or a refusal. */
export type TextVerdict = string | typeof DROPPED | Refusal;

/** What becomes of a number: itself, its masked form (a string), nothing, or a refusal. */
export type NumberVerdict = number | TextVerdict;

/** What becomes of a boolean. */
export type BooleanVerdict = boolean | TextVerdict;

/** What the policy says of a member, as far as its key tells. Hand it back with the member's value. */
export interface KeyRule {
  /** What becomes of the key itself; undefined when it stays as it is. */
  readonly key: TextVerdict | undefined;
  /** What becomes of the member, whatever its value is; undefined when the value has a say. */
  readonly member?: typeof DROPPED | Refusal | undefined;
  /** The member is left out once its value was looked at for what has to be refused. */
  readonly isLeftOut?: boolean;
}

/**
 * Keeps direct identifiers of people out of what leaves the process. The walk that copies an event asks it once per
 * member: first for the key's rule, then for the value under that rule. It is synchronous and reads nothing but its arguments.
 */
export interface Guard {
  /** The rule of `properties` or `metadata` itself, of a type with these declarations. */
  root(classes: TypeClasses, field: 'properties' | 'metadata'): KeyRule;
  /**
   * @param key a member's key, or a tag's
   * @param parent the rule of the object that holds it; none for a tag
   */
  rule(key: string, parent?: KeyRule): KeyRule;
  text(rule: KeyRule, value: string): TextVerdict;
  number(rule: KeyRule, value: number): NumberVerdict;
  boolean(rule: KeyRule, value: boolean): BooleanVerdict;
  /** The class of the first identifier in `value`, whatever the policy does about it; undefined when there is none. */
  detect(value: string): GuardClass | undefined;
  /** How many keys and values of each class were masked, dropped or refused since the guard was made. */
  counts(): Readonly<Record<GuardClass, number>>;
}
