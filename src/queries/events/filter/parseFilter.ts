import { limits } from '../../../contract/limits.js';
import { isPlainObject, kindOf, pathOf, type IssueList, type Step } from '../../../producer/validateIssues.js';
import { readMember, UNREADABLE } from '../../../producer/validateMember.js';
import { FIELDS, keysOf, placeOf } from './fieldPlace.js';
import { operators, type OperatorName } from './operators.js';
import type { MemberPlace, Predicate } from './Predicate.js';

const GROUPS = ['and', 'or', 'not'] as const;
const names = Object.keys(operators) as OperatorName[]; // the keys that it is declared with
const NODE = "a plain object with 'and', 'or', 'not', or 'field' and one of " + names.join(', ');

export interface ParsedFilter {
  readonly predicate: Predicate;
  /** The same for filters that are written the same: what a cursor is bound to. */
  readonly canonical: string;
  /** The members that are compared, by their keys. */
  readonly fields: readonly (readonly string[])[];
  /** The users that it names. */
  readonly users: readonly string[];
}

/**
 * Checks a filter and compiles it. Every member is read once, so a getter or a proxy cannot show one thing to the check
 * and another to the query.
 * @returns undefined where something is wrong, which is then in `issues`
 */
export function parseFilter(given: unknown, issues: IssueList, path = 'where'): ParsedFilter | undefined {
  return new FilterParser(issues, path).node(given);
}

class FilterParser {
  readonly #issues: IssueList;
  readonly #path: Step[];
  #depth = 0;
  #nodes = 0;

  constructor(issues: IssueList, path: string) {
    this.#issues = issues;
    this.#path = [path];
  }

  node(given: unknown): ParsedFilter | undefined {
    this.#nodes += 1;
    if (this.#nodes > limits.filterNodes) return this.#refuse(`more than ${limits.filterNodes} conditions`, `${limits.filterNodes} conditions`);
    if (this.#depth >= limits.filterDepth) return this.#refuse(`more than ${limits.filterDepth} levels`, `${limits.filterDepth} levels of nesting`);
    const members = this.#membersOf(given);
    if (members === undefined) return this.#refuse(kindOf(given), NODE);
    this.#depth += 1;
    const parsed = this.#parse(members);
    this.#depth -= 1;
    return parsed;
  }

  #parse(members: ReadonlyMap<string, unknown>): ParsedFilter | undefined {
    if (members.has('field')) return this.#condition(members);
    const [name, ...others] = members.keys();
    const group = GROUPS.find((known) => known === name);
    if (group === undefined || others.length > 0) return this.#refuse(members.size === 0 ? 'an empty object' : 'other members', NODE);
    const given = members.get(group);
    return this.#below(group, () => (group === 'not' ? this.#not(given) : this.#list(group, given)));
  }

  #not(given: unknown): ParsedFilter | undefined {
    const part = this.node(given);
    return part && { ...part, predicate: { kind: 'not', part: part.predicate }, canonical: `["not",${part.canonical}]` };
  }

  #list(kind: 'and' | 'or', given: unknown): ParsedFilter | undefined {
    const items = this.#itemsOf(given, limits.filterNodes);
    if (items === undefined) return this.#refuse(kindOf(given), `an array of at most ${limits.filterNodes} conditions`);
    const parts: ParsedFilter[] = [];
    for (const [place, item] of items.entries()) {
      if (this.#nodes > limits.filterNodes) break;
      const part = this.#below(place, () => this.node(item));
      if (part !== undefined) parts.push(part);
    }
    if (parts.length < items.length) return undefined;
    return group(kind, parts);
  }

  #condition(members: ReadonlyMap<string, unknown>): ParsedFilter | undefined {
    const keys = keysOf(this.#plain(members.get('field')));
    const place = keys && placeOf(keys);
    if (place === undefined) this.#below('field', () => this.#refuse(kindOf(members.get('field')), FIELDS));
    const tests: ParsedFilter[] = [];
    for (const [name, given] of members) {
      if (name === 'field') continue;
      const parsed = this.#below(name, () => this.#operator(name, given, place, keys));
      if (parsed !== undefined) tests.push(parsed);
    }
    if (members.size === 1) return this.#refuse('no operator', `one of ${names.join(', ')}`);
    this.#nodes += members.size - 2;
    if (tests.length < members.size - 1) return undefined;
    return tests.length === 1 ? tests[0] : group('and', tests);
  }

  #operator(name: string, given: unknown, place: MemberPlace | undefined, keys: readonly string[] | undefined): ParsedFilter | undefined {
    const known = names.find((one) => one === name);
    if (known === undefined) return this.#refuse('an unknown operator', names.join(', '));
    const value = this.#plain(given);
    const { accepts, allowed, test } = operators[known];
    if (!accepts(value)) return this.#refuse(kindOf(given), allowed);
    if (place === undefined || keys === undefined) return undefined;
    return {
      predicate: { kind: 'test', place, test: test(value as never) }, // it was accepted
      canonical: JSON.stringify([known, keys, value]),
      fields: [keys],
      users: place.column === 'user' ? [value].flat().filter((one) => typeof one === 'string') : [],
    };
  }

  /** What was given, an array copied so that it stays as it was checked. Of other objects nothing is looked at: a proxy may throw. */
  #plain(given: unknown): unknown {
    return typeof given === 'object' && given !== null ? (this.#itemsOf(given, limits.filterListLength) ?? UNREADABLE) : given;
  }

  #itemsOf(given: unknown, most: number): unknown[] | undefined {
    try {
      if (!Array.isArray(given) || given.length > most) return undefined;
      return Array.from({ length: given.length }, (_, place) => readMember(given, place));
    } catch {
      return undefined; // a trap of a proxy
    }
  }

  /** Own members, but for those that are undefined. */
  #membersOf(given: unknown): Map<string, unknown> | undefined {
    try {
      if (typeof given !== 'object' || given === null || Array.isArray(given) || !isPlainObject(given)) return undefined;
      const keys = Object.keys(given).slice(0, names.length + 2);
      return new Map(keys.map((key) => [key, readMember(given, key)] as const).filter(([, value]) => value !== undefined));
    } catch {
      return undefined; // a trap of a proxy
    }
  }

  #below<T>(step: Step, parse: () => T): T {
    this.#path.push(step);
    const parsed = parse();
    this.#path.pop();
    return parsed;
  }

  #refuse(given: string, allowed: string): undefined {
    this.#issues.add(pathOf(this.#path), given, allowed);
  }
}

function group(kind: 'and' | 'or', parts: readonly ParsedFilter[]): ParsedFilter {
  return {
    predicate: { kind, parts: parts.map((part) => part.predicate) },
    canonical: `["${kind}",${parts.map((part) => part.canonical).join(',')}]`,
    fields: parts.flatMap(({ fields }) => fields),
    users: parts.flatMap(({ users }) => users),
  };
}

/** All of them at once. */
export function allOf(filters: readonly ParsedFilter[]): ParsedFilter | undefined {
  return filters.length > 1 ? group('and', filters) : filters[0];
}
