/** What an identifier is of: a built-in class such as `email`, or the name of a custom detector. */
export type GuardClass = string;

/** The policy leaves this member out. */
export const DROPPED: unique symbol = Symbol('dropped');

/** The policy refuses the whole event because of this member. */
export interface Refusal {
  readonly refused: GuardClass;
}

/** What becomes of a string: itself or its masked form, nothing, or a refusal. */
export type TextVerdict = string | typeof DROPPED | Refusal;

/** What becomes of a number: itself, its masked form (a string), nothing, or a refusal. */
export type NumberVerdict = number | TextVerdict;

/** What the policy says of a member, as far as its key tells. Hand it back with the member's value. */
export interface KeyRule {
  /** What becomes of the key itself; undefined when it stays as it is. */
  readonly key: TextVerdict | undefined;
}

/**
 * Keeps direct identifiers of people out of what leaves the process. The walk that copies an event asks it once per
 * member: first for the key's rule, then for the value under that rule. It is synchronous and reads nothing but its arguments.
 */
export interface Guard {
  /**
   * @param key a member's key, or a tag's
   * @param parent the rule of the object that holds it; none for a member of `properties`, `metadata` or `tags` itself
   */
  rule(key: string, parent?: KeyRule): KeyRule;
  text(rule: KeyRule, value: string): TextVerdict;
  number(rule: KeyRule, value: number): NumberVerdict;
  /** The class of the first identifier in `value`, whatever the policy does about it; undefined when there is none. */
  detect(value: string): GuardClass | undefined;
  /** How many keys and values of each class were masked, dropped or refused since the guard was made. */
  counts(): Readonly<Record<GuardClass, number>>;
}
