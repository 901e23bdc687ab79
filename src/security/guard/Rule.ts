import type { MemberClass, TypeClasses, UndeclaredPolicy } from '../../contract/dataClasses.js';
import type { KeyClass } from './classifyKey.js';
import { DROPPED, type GuardClass, type KeyRule, type Refusal } from './Guard.js';
import type { GuardPolicy } from './GuardPolicy.js';
import { isTerm } from './isTerm.js';

/** All that a guard knows of a member before it sees a value. */
export interface Rule extends KeyRule {
  /** The class of what the key itself held, to be counted each time. */
  readonly keyClass: GuardClass | undefined;
  readonly holds: KeyClass | undefined;
  readonly isAllowed: boolean;
  readonly isPerson: boolean;
  /** A class that is not looked for in values: a `name` below a thing is the thing's. */
  readonly ignores: GuardClass | undefined;
  /** What follows from the type's declarations; undefined for tags, which have none. */
  readonly declared: Declared | undefined;
}

/** A member's place among the declarations of its type. */
export interface Declared {
  readonly place: MemberClass;
  readonly scope: Scope;
  /** `.device.id`, for tokens. */
  readonly path: string;
  readonly isRoot: boolean;
  /** Rules of the members below, as far as they were asked for. */
  readonly members: Map<string, Rule>;
  /** What a value here that is no object becomes, whatever it is. */
  readonly scalar: typeof DROPPED | Refusal | undefined;
  /** Whether a text here has to be a term. */
  readonly termsOnly: boolean;
  /** What else becomes of a value: it is searched for identifiers, kept as it is, or a token takes its place. */
  readonly treatment: 'search' | 'keep' | 'token';
}

/** What a type and the service say of one of `properties` and `metadata` together. */
export interface Scope {
  readonly undeclared: UndeclaredPolicy;
  readonly termsOnly: boolean;
  readonly terms: ReadonlySet<string>;
}

export const PLAIN: Rule = { key: undefined, keyClass: undefined, holds: undefined, isAllowed: false, isPerson: false, ignores: undefined, declared: undefined };

export const FREE_TEXT: Refusal = { refused: 'free_text', because: 'free_text' };
export const UNDECLARED: Refusal = { refused: 'undeclared', because: 'undeclared' };
export const SECRET: Refusal = { refused: 'secret', because: 'secret' };

const ranks: readonly UndeclaredPolicy[] = ['accept', 'drop', 'refuse'];

/** With the guard off, only secrets are declared to any effect, unless the policy says what undeclared members become. */
export function rootRule(classes: TypeClasses, field: 'properties' | 'metadata', policy: GuardPolicy): Rule {
  const holds = policy.mode !== 'off' || policy.undeclared !== undefined;
  const undeclared = !holds ? 'accept' : ranks[Math.max(ranks.indexOf(classes.undeclared), ranks.indexOf(policy.undeclared ?? 'accept'))] ?? 'refuse';
  const scope = { undeclared, termsOnly: holds && field === 'properties' && classes.freeText === 'refuse', terms: classes.terms };
  const place = classes[field];
  return { ...PLAIN, declared: { place, scope, path: '', isRoot: true, members: new Map(), scalar: undefined, termsOnly: scope.termsOnly, treatment: 'search' } };
}

/** @param own what the key tells by itself */
export function memberRule(key: string, own: Rule, above: Declared, policy: GuardPolicy): Rule {
  const place = above.place.member(key);
  const { scope } = above;
  const isNamed = place.by === 'name' || place.isTree;
  const isUndeclared = place.by === 'nobody';
  // Who names a member knows what it holds; its key tells nothing beyond that.
  const rule = isNamed ? { ...own, key: undefined, keyClass: undefined, holds: undefined } : own;
  const left = isUndeclared && scope.undeclared === 'drop' ? DROPPED : undefined;
  const scalar = isUndeclared && scope.undeclared === 'refuse' ? UNDECLARED : left;
  const declared: Declared = {
    place,
    scope,
    path: `${above.path}.${key}`,
    isRoot: false,
    members: new Map(),
    scalar,
    termsOnly: scope.termsOnly,
    treatment: treatmentOf(place, policy),
  };
  return { ...rule, declared, member: verdictOn(key, place, scope, policy), isLeftOut: left !== undefined && !place.isTree };
}

function verdictOn(key: string, place: MemberClass, scope: Scope, policy: GuardPolicy): typeof DROPPED | Refusal | undefined {
  if (place.class === 'secret') return policy.secret === 'refuse' ? SECRET : DROPPED;
  if (place.isTree) return undefined;
  if (place.by === 'nobody') return scope.undeclared === 'refuse' ? UNDECLARED : undefined;
  // Of a map the keys are data too.
  return place.by === 'wildcard' && scope.termsOnly && !accepts(scope, key) ? FREE_TEXT : undefined;
}

function treatmentOf({ class: dataClass }: MemberClass, { pii, phi }: GuardPolicy): Declared['treatment'] {
  if (dataClass === 'pii') return pii === 'tokenise' ? 'token' : 'keep';
  if (dataClass === 'phi') return phi === 'tokenise' ? 'token' : 'search';
  return 'search';
}

/** Whether a text may stand where free text is refused. */
export function accepts({ terms }: Scope, text: string): boolean {
  return isTerm(text) || terms.has(text);
}
