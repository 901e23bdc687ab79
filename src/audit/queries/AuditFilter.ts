import type { AuditKeys } from '../../security/AuditKeys.js';
import type { AuditOutcome } from '../AuditLog.js';
import type { AuditContent } from '../AuditRecord.js';
import { sketchOutcome, sketchWord, type RowSketch } from '../chain/skimRows.js';

/** Which records are wanted: those for which everything that is given holds. */
export interface AuditFilter {
  /** Whose data it was: a user id. */
  readonly userId?: string | undefined;
  /** Who did it: a subject, or a token, API key or emergency, as `key:ID` or its id alone. */
  readonly actor?: string | undefined;
  readonly operation?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
  readonly origin?: string | undefined;
  /** From then on, ms since 1970. */
  readonly from?: number | undefined;
  /** Before then. */
  readonly to?: number | undefined;
  /** Only disclosures that a person can ask an account of (45 CFR 164.528): not for treatment, payment or operations, not to the person. */
  readonly isDisclosure?: boolean | undefined;
}

/** A filter made ready. */
export interface AuditMatcher {
  /** Whether a wanted record may be among those of this time. */
  mayBe(times: { readonly earliest: number; readonly latest: number }): boolean;
  /** Whether an element may hold a wanted record, by its bytes: tells at once of nearly all that they don't. */
  mayHold(plain: Buffer): boolean;
  /** What a wanted record holds, as bytes. */
  readonly sketch: RowSketch;
  matches(content: AuditContent): boolean;
}

/** Uses and disclosures that need no accounting: 164.528(a)(1)(i) and (ii). */
const UNACCOUNTED: ReadonlySet<string> = new Set(['treatment', 'payment', 'operations', 'subject-request']);

/** @param isStillWanted of records of a time: says no once a page is full of earlier ones. Default: always */
export function createMatcher(
  { userId, actor, operation, outcome, origin, from = -Infinity, to = Infinity, isDisclosure = false }: AuditFilter,
  secrets: AuditKeys,
  isStillWanted: (at: number) => boolean = () => true,
): AuditMatcher {
  const person = userId === undefined ? undefined : secrets.pseudonym(userId);
  const subject = person?.toString('base64url');
  const sketch: RowSketch = {
    outcome: outcome === undefined ? undefined : sketchOutcome(outcome),
    operation: operation === undefined ? undefined : sketchWord(operation),
    origin: origin === undefined ? undefined : sketchWord(origin),
    actor: actor === undefined ? undefined : sketchWord(actor),
    person,
    isOfTime: (at) => at >= from && at < to && isStillWanted(at),
  };
  // Known words are numbers in a record, too short to be looked for.
  const needles = [person, sketch.operation?.text, sketch.origin?.text, sketch.actor?.text].filter((needle) => needle !== undefined);
  return {
    mayBe: ({ earliest, latest }) => latest >= from && earliest < to && isStillWanted(earliest),
    mayHold: (plain) => needles.every((needle) => plain.includes(needle)),
    sketch,
    matches: (content) =>
      content.at >= from &&
      content.at < to &&
      (subject === undefined || content.subjects?.includes(subject) === true) &&
      (actor === undefined || content.actor.subject === actor || isKnownBy(content.actor.via, actor)) &&
      (operation === undefined || content.operation === operation) &&
      (outcome === undefined || content.outcome === outcome) &&
      (origin === undefined || content.origin === origin) &&
      (!isDisclosure || (content.outcome === 'allowed' && !UNACCOUNTED.has(content.purpose) && !(content.actor.roles.includes('self') && content.actor.subject === userId))),
  };
}

/** `via` is a word, or a word, a colon and an id: of a token its `jti`. */
function isKnownBy(via: string, actor: string): boolean {
  return via === actor || (via.endsWith(actor) && via.indexOf(':') === via.length - actor.length - 1);
}
