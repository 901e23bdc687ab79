import type { TypeClasses } from '../../contract/dataClasses.js';
import { CleanTexts } from './CleanTexts.js';
import { classifyKey, canonicalKey, isPersonKey } from './classifyKey.js';
import { findIdentifiers, withoutOverlaps, type Finding } from './findIdentifiers.js';
import { DROPPED, type BooleanVerdict, type Guard, type GuardClass, type KeyRule, type NumberVerdict, type Refusal, type TextVerdict } from './Guard.js';
import { assertGuardPolicy, type GuardDetector, type GuardMode, type GuardPolicy } from './GuardPolicy.js';
import { isCard } from './isCard.js';
import { MemberTokens } from './MemberTokens.js';
import { accepts, FREE_TEXT, memberRule, PLAIN, rootRule, SECRET, UNDECLARED, type Rule } from './Rule.js';
import type { Span } from './Span.js';

/** Keys whose rules are remembered; a caller who makes up keys loses the speed, not the guard. */
const MAX_KNOWN_KEYS = 4096;
const MAX_DECLARED_RULES = 16_384;

/** A class and what the policy does about it. */
interface Action {
  readonly mode: GuardMode;
  readonly mask: string;
  readonly refusal: Refusal;
}

/**
 * Makes a guard with a policy. Strings are masked in part (`call [masked:phone] tomorrow`), values under telling keys
 * (`email`, `dateOfBirth`) as a whole, numbers and nested values too.
 * @throws ConfigurationError if the policy is malformed
 */
export function createGuard(policy: GuardPolicy = {}): Guard {
  assertGuardPolicy(policy);
  return new PolicyGuard(policy);
}

class PolicyGuard implements Guard {
  readonly #policy: GuardPolicy;
  readonly #detectors: readonly GuardDetector[];
  readonly #allowed: ReadonlySet<string>;
  readonly #keyClasses: ReadonlyMap<string, GuardClass>;
  readonly #actions = new Map<GuardClass, Action>();
  readonly #counts = new Map<GuardClass, number>();
  readonly #clean = new CleanTexts();
  // A bare `name` means one thing at the top, another below a person, another elsewhere.
  readonly #rulesAtTop = new Map<string, Rule>();
  readonly #rulesInPerson = new Map<string, Rule>();
  readonly #rulesElsewhere = new Map<string, Rule>();
  /** Rules of members by their types' declarations; each holds those below it. */
  #roots = new WeakMap<TypeClasses, { readonly properties: Rule; readonly metadata: Rule }>();
  #declaredRules = 0;
  readonly #tokens: MemberTokens | undefined;
  /** Whether nothing is looked for in any text. */
  readonly #isBlind: boolean;

  constructor(policy: GuardPolicy) {
    this.#policy = policy;
    this.#tokens = policy.tokenKey === undefined ? undefined : new MemberTokens(policy.tokenKey);
    this.#isBlind = policy.mode === 'off' && policy.classes === undefined;
    this.#detectors = policy.detectors ?? [];
    this.#allowed = new Set(policy.allowKeys?.map(comparable));
    this.#keyClasses = new Map(Object.entries(policy.keyClasses ?? {}).map(([key, name]) => [comparable(key), name]));
  }

  root(classes: TypeClasses, field: 'properties' | 'metadata'): Rule {
    let roots = this.#roots.get(classes);
    if (roots === undefined) {
      roots = { properties: rootRule(classes, 'properties', this.#policy), metadata: rootRule(classes, 'metadata', this.#policy) };
      this.#roots.set(classes, roots);
    }
    return roots[field];
  }

  rule(key: string, parent?: KeyRule): Rule {
    // Rules come from this guard alone; the interface shows callers what concerns them.
    const above = parent as Rule | undefined;
    const rule = above?.declared?.members.get(key) ?? this.#newRule(key, above);
    if (rule.keyClass !== undefined) this.#count(rule.keyClass);
    if (rule.member !== undefined) this.#countVerdict(rule);
    return rule;
  }

  text(given: KeyRule, value: string): TextVerdict {
    const rule = given as Rule; // as in `rule`
    const { declared } = rule;
    if (declared !== undefined) {
      if (declared.termsOnly && !accepts(declared.scope, value)) return this.#counted(FREE_TEXT);
      if (declared.scalar !== undefined) return this.#countedScalar(declared.scalar);
      if (declared.treatment === 'token') return this.#tokenOf(declared.path, value);
      if (declared.treatment === 'keep') return value;
    }
    if (rule.isAllowed || this.#isBlind) return value;
    const { holds } = rule;
    if (holds !== undefined && value !== '' && (holds.test === undefined || holds.test(value))) {
      const { mode, mask, refusal } = this.#actionFor(holds.class);
      if (value === mask) return value;
      if (mode !== 'off') {
        this.#count(holds.class);
        return mode === 'mask' ? mask : mode === 'drop' ? DROPPED : refusal;
      }
    }
    const finding = this.#find(value);
    if (finding === undefined) return value;
    const { ignores } = rule;
    return this.#masked(value, ignores === undefined ? finding : { ...finding, spans: finding.spans.filter((span) => span.class !== ignores) });
  }

  number(given: KeyRule, value: number): NumberVerdict {
    const rule = given as Rule; // as in `rule`
    const { declared } = rule;
    if (declared !== undefined) {
      if (declared.scalar !== undefined) return this.#countedScalar(declared.scalar);
      if (declared.treatment === 'token') return this.#tokenOf(declared.path, value);
      if (declared.treatment === 'keep') return value;
    }
    if (rule.isAllowed || this.#isBlind) return value;
    const { holds } = rule;
    let found = holds !== undefined && (holds.test === undefined || holds.test(value)) ? holds.class : undefined;
    if (found === undefined && value >= SMALLEST_CARD && Number.isSafeInteger(value) && isCard(String(value))) found = 'card';
    if (found === undefined) return value;
    const { mode, mask, refusal } = this.#actionFor(found);
    if (mode === 'off') return value;
    this.#count(found);
    return mode === 'mask' ? mask : mode === 'drop' ? DROPPED : refusal;
  }

  boolean(given: KeyRule, value: boolean): BooleanVerdict {
    const { declared } = given as Rule; // as in `rule`
    if (declared === undefined) return value;
    if (declared.scalar !== undefined) return this.#countedScalar(declared.scalar);
    return declared.treatment === 'token' ? this.#tokenOf(declared.path, value) : value;
  }

  detect(value: string): GuardClass | undefined {
    return this.#isBlind ? undefined : this.#find(value)?.spans[0]?.class;
  }

  counts(): Readonly<Record<GuardClass, number>> {
    return Object.fromEntries(this.#counts);
  }

  #newRule(key: string, above: Rule | undefined): Rule {
    const declared = above?.declared;
    const own = this.#ownRule(key, declared?.isRoot === true ? undefined : above);
    const inherits = above !== undefined && own.holds === undefined && !own.isAllowed && (above.isAllowed || (above.holds !== undefined && above.holds.test === undefined));
    const rule = inherits ? { ...own, holds: above.holds, isAllowed: above.isAllowed } : own;
    if (declared === undefined) return rule;
    const made = memberRule(key, rule, declared, this.#policy);
    if (this.#declaredRules >= MAX_DECLARED_RULES) {
      // Rules that are in use go on; what is asked for from now on starts anew.
      this.#roots = new WeakMap();
      this.#declaredRules = 0;
    }
    this.#declaredRules++;
    declared.members.set(key, made);
    return made;
  }

  #ownRule(key: string, above: Rule | undefined): Rule {
    const rules = above === undefined ? this.#rulesAtTop : above.isPerson ? this.#rulesInPerson : this.#rulesElsewhere;
    const known = rules.get(key);
    if (known !== undefined) return known;
    const rule = this.#makeRule(key, above?.isPerson);
    if (rules.size >= MAX_KNOWN_KEYS) rules.clear();
    rules.set(key, rule);
    return rule;
  }

  #makeRule(key: string, isOfPerson: boolean | undefined): Rule {
    if (this.#isBlind) return PLAIN;
    const name = comparable(key);
    if (this.#allowed.has(name)) return { ...PLAIN, isAllowed: true };
    const chosen = this.#keyClasses.get(name);
    const holds = chosen === undefined ? classifyKey(key, isOfPerson) : { class: chosen };
    const isPerson = isPersonKey(key);
    const ignores = name === 'name' && isOfPerson === false ? 'name' : undefined;
    const finding = this.#find(key);
    if (finding === undefined) return holds === undefined && !isPerson && ignores === undefined ? PLAIN : { ...PLAIN, holds, isPerson, ignores };
    const verdict = this.#masked(key, finding, false);
    if (verdict === key) return { ...PLAIN, holds, isPerson, ignores };
    return { ...PLAIN, key: verdict, keyClass: finding.spans[0]?.class, holds, isPerson, ignores };
  }

  #find(text: string): Finding | undefined {
    if (this.#clean.has(text)) return undefined;
    const finding = this.#findAnew(text);
    if (finding === undefined) this.#clean.add(text);
    return finding;
  }

  #findAnew(text: string): Finding | undefined {
    const finding = findIdentifiers(text);
    if (this.#detectors.length === 0) return finding;
    const read = finding?.text ?? text;
    const own = this.#detectors.flatMap((detector) => detector.find(read).map((span) => ownSpan(detector, span, read)));
    if (own.length === 0) return finding;
    return { text: read, spans: withoutOverlaps([...(finding?.spans ?? []), ...own]) };
  }

  /** Replaces what was found, or says what the strictest mode among it says. */
  #masked(original: string, { text, spans }: Finding, counts = true): TextVerdict {
    let masked = '';
    let end = 0;
    let drops = false;
    for (const span of spans) {
      const { mode, mask, refusal } = this.#actionFor(span.class);
      if (mode === 'off') continue;
      if (counts) this.#count(span.class);
      if (mode === 'refuse') return refusal;
      if (mode === 'drop') drops = true;
      masked += text.slice(end, span.start) + mask;
      end = span.end;
    }
    if (drops) return DROPPED;
    return end === 0 ? original : masked + text.slice(end);
  }

  #actionFor(name: GuardClass): Action {
    const known = this.#actions.get(name);
    if (known !== undefined) return known;
    const mode = this.#policy.classes?.[name] ?? this.#policy.mode ?? 'mask';
    const action: Action = { mode, mask: `[masked:${name}]`, refusal: { refused: name } };
    this.#actions.set(name, action);
    return action;
  }

  #tokenOf(path: string, value: string | number | boolean): TextVerdict {
    // The policy was checked: who tokenises has a key.
    return this.#tokens?.tokenOf(path, value) ?? DROPPED;
  }

  #counted(refusal: Refusal): Refusal {
    this.#count(refusal.refused);
    return refusal;
  }

  #countedScalar(verdict: typeof DROPPED | Refusal): typeof DROPPED | Refusal {
    this.#count(UNDECLARED.refused);
    return verdict;
  }

  #countVerdict({ member, declared }: Rule): void {
    if (member !== undefined && member !== DROPPED) this.#count(member.refused);
    else if (declared !== undefined) this.#count(SECRET.refused);
  }

  #count(name: GuardClass): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}

/** 15 digits, the shortest number that a card in use has. Shorter ones are counts and times. */
const SMALLEST_CARD = 10 ** 14;

/** The form in which keys of a policy are compared with keys of events. */
function comparable(key: string): string {
  return canonicalKey(key) || key;
}

function ownSpan(detector: GuardDetector, { start, end }: { readonly start: number; readonly end: number }, text: string): Span {
  const isInside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= text.length;
  // Not one of the service's errors: the walk turns whatever a guard throws into a refusal of the event.
  if (!isInside) throw new RangeError(`The detector ${detector.class} named a place outside of the text.`);
  return { class: detector.class, start, end };
}
