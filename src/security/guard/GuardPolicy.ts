import { z } from 'zod';
import { undeclaredPolicies, type UndeclaredPolicy } from '../../contract/dataClasses.js';
import { ConfigurationError } from '../../errors/ConfigurationError.js';
import type { GuardClass } from './Guard.js';

/** What is done about an identifier. */
export const guardModes = ['mask', 'drop', 'refuse', 'off'] as const;
export type GuardMode = (typeof guardModes)[number];

/** How declared members are kept: as they are, which everything stored is sealed over, or as a token that nobody can turn back. */
export const protections = ['seal', 'tokenise'] as const;
export type Protection = (typeof protections)[number];

/** Finds identifiers of a kind of the application's own. It has to be synchronous and linear in the text. */
export interface GuardDetector {
  /** The class that its findings are counted and masked as: `[a-z][a-z0-9_]*`. */
  readonly class: GuardClass;
  /** The places of identifiers in `text`, from `start` up to, not including, `end`. If it throws, the event is refused. */
  find(text: string): readonly { readonly start: number; readonly end: number }[];
}

export interface GuardPolicy {
  /** What is done about what looks like a direct identifier. Default: `mask`, which leaves `[masked:email]` in its place. */
  readonly mode?: GuardMode | undefined;
  /** Another mode for single classes, such as `{ ip: 'off', ssn: 'refuse' }`. */
  readonly classes?: Readonly<Record<GuardClass, GuardMode>> | undefined;
  /** Keys whose values are never looked at. `first_name` and `firstName` are one key; so in `keyClasses`. */
  readonly allowKeys?: readonly string[] | undefined;
  /** Keys whose values are always of a class, such as `{ referralCode: 'mrn' }`. */
  readonly keyClasses?: Readonly<Record<string, GuardClass>> | undefined;
  /** Looked for besides the built-in classes. */
  readonly detectors?: readonly GuardDetector[] | undefined;
  /** What becomes of members that their type does not declare, unless the type is stricter. Default: `accept` (`ANALYTICS_GUARD_UNDECLARED`). */
  readonly undeclared?: UndeclaredPolicy | undefined;
  /** Whether members declared as `pii` are sealed as they are, or a token takes their place. Default: `seal` (`ANALYTICS_GUARD_PII`). */
  readonly pii?: Protection | undefined;
  /** The same for `phi`, which is what undeclared members are. Default: `seal` (`ANALYTICS_GUARD_PHI`). */
  readonly phi?: Protection | undefined;
  /** Whether a member declared as `secret` is left out, or refuses the event. Default: `drop` (`ANALYTICS_GUARD_SECRET`). */
  readonly secret?: 'drop' | 'refuse' | undefined;
  /** base64 of 32 bytes, for `tokenise`. It follows from no other key (`ANALYTICS_GUARD_TOKEN_KEY`). */
  readonly tokenKey?: string | undefined;
}

const className = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);

const policySchema = z.strictObject({
  mode: z.enum(guardModes).optional(),
  classes: z.record(className, z.enum(guardModes)).optional(),
  allowKeys: z.array(z.string()).optional(),
  keyClasses: z.record(z.string(), className).optional(),
  detectors: z.array(z.object({ class: className, find: z.custom((value) => typeof value === 'function') })).optional(),
  undeclared: z.enum(undeclaredPolicies).optional(),
  pii: z.enum(protections).optional(),
  phi: z.enum(protections).optional(),
  secret: z.enum(['drop', 'refuse']).optional(),
  tokenKey: z.string().refine(isTokenKey, 'must be base64 of 32 bytes').optional(),
});

const TOKEN_KEY_BYTES = 32;

function isTokenKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, 'base64').length === TOKEN_KEY_BYTES;
}

/** @throws ConfigurationError that lists what is wrong with the policy */
export function assertGuardPolicy(policy: GuardPolicy): void {
  const result = policySchema.safeParse(policy);
  const issues = result.error?.issues.map((issue) => `guard policy, ${issue.path.join('.')}: ${issue.message}`) ?? [];
  if ((policy.pii === 'tokenise' || policy.phi === 'tokenise') && policy.tokenKey === undefined) {
    issues.push('guard policy, tokenKey: needed to tokenise. Set ANALYTICS_GUARD_TOKEN_KEY to base64 of 32 random bytes.');
  }
  if (issues.length > 0) throw new ConfigurationError(issues);
}
