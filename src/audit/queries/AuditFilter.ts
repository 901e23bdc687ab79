import type { AuditKeys } from '../../security/AuditKeys.js';
import type { AuditOutcome } from '../AuditLog.js';
import type { AuditContent } from '../AuditRecord.js';
import { words } from '../words.js';

/** Which records are wanted: those for which everything that is given holds. */
export interface AuditFilter {
  /** Whose data it was: a user id. */
  readonly userId?: string;
  /** Who did it: a subject, or an API key, as `key:ID` or its id alone. */
  readonly actor?: string;
  readonly operation?: string;
  readonly outcome?: AuditOutcome;
  readonly origin?: string;
  /** From then on, ms since 1970. */
  readonly from?: number;
  /** Before then. */
  readonly to?: number;
  /** Only disclosures that a person can ask an account of (45 CFR 164.528): not for treatment, payment or operations, not to the person. */
  readonly isDisclosure?: boolean;
}

/** A filter made ready. */
export interface AuditMatcher {
  /** Whether an element may hold a wanted record, by its bytes: tells at once of nearly all that they don't. */
  mayHold(plain: Buffer): boolean;
  /** The same by times. */
  mayBe(times: { readonly earliest: number; readonly latest: number } | undefined): boolean;
  matches(content: AuditContent): boolean;
}

/** Uses and disclosures that need no accounting: 164.528(a)(1)(i) and (ii). */
const UNACCOUNTED: ReadonlySet<string> = new Set(['treatment', 'payment', 'operations', 'subject-request']);

export function createMatcher({ userId, actor, operation, outcome, origin, from = -Infinity, to = Infinity, isDisclosure = false }: AuditFilter, secrets: AuditKeys): AuditMatcher {
  const pseudonym = userId === undefined ? undefined : secrets.pseudonym(userId);
  const subject = pseudonym?.toString('base64url');
  // Known words are numbers in a record, too short to be looked for.
  const texts = [actor, origin].filter((text) => text !== undefined && !words.includes(text) && !words.includes(`key:${text}`));
  const needles = [...(pseudonym === undefined ? [] : [pseudonym]), ...texts.map((text) => Buffer.from(text!))];
  return {
    mayHold: (plain) => needles.every((needle) => plain.includes(needle)),
    mayBe: (times) => times === undefined || (times.latest >= from && times.earliest < to),
    matches: (content) =>
      content.at >= from &&
      content.at < to &&
      (subject === undefined || content.subjects?.includes(subject) === true) &&
      (actor === undefined || content.actor.subject === actor || content.actor.via === actor || content.actor.via === `key:${actor}`) &&
      (operation === undefined || content.operation === operation) &&
      (outcome === undefined || content.outcome === outcome) &&
      (origin === undefined || content.origin === origin) &&
      (!isDisclosure || (content.outcome === 'allowed' && !UNACCOUNTED.has(content.purpose) && !(content.actor.roles.includes('self') && content.actor.subject === userId))),
  };
}
