import { z } from 'zod';
import { ConfigurationError } from '../../errors/ConfigurationError.js';
import type { GuardClass } from './Guard.js';

/** What is done about an identifier. */
export const guardModes = ['mask', 'drop', 'refuse', 'off'] as const;
export type GuardMode = (typeof guardModes)[number];

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
}

const className = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);

const policySchema = z.strictObject({
  mode: z.enum(guardModes).optional(),
  classes: z.record(className, z.enum(guardModes)).optional(),
  allowKeys: z.array(z.string()).optional(),
  keyClasses: z.record(z.string(), className).optional(),
  detectors: z.array(z.object({ class: className, find: z.custom((value) => typeof value === 'function') })).optional(),
});

/** @throws ConfigurationError that lists what is wrong with the policy */
export function assertGuardPolicy(policy: GuardPolicy): void {
  const result = policySchema.safeParse(policy);
  if (result.success) return;
  throw new ConfigurationError(result.error.issues.map((issue) => `guard policy, ${issue.path.join('.')}: ${issue.message}`));
}
