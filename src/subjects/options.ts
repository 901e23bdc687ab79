import { z } from 'zod';

import { verifyEventJson } from '../codec/verifyEventJson.js';
import { textSchema, timeSchema, type JsonObject } from '../contract/json.js';
import { limits } from '../contract/limits.js';
import { parseOptions } from '../queries/parseOptions.js';

/** What becomes of a person's events: they go, or nobody can tell any more whose they are. */
export const erasureModes = ['delete', 'anonymise'] as const;
export type ErasureMode = (typeof erasureModes)[number];

const REASON_LENGTH = 500;
const PLAN_LENGTH = 4000;
const MOST_ID = 64;

/** What an event that amends another says of it. */
export const amendmentKinds = ['amendment', 'denial', 'disagreement'] as const;
const STATEMENT_LENGTH = 4000;

/** UTF-8 takes three bytes for a unit at most. What else an amendment holds is shorter. */
const LONGEST = { amends: '', amendsType: '', kind: '', reason: '', by: '', statement: ' '.repeat(3 * (STATEMENT_LENGTH + 2 * REASON_LENGTH)) };

const userId = textSchema(limits.subjectLength);
const reason = z.string().trim().min(1).max(REASON_LENGTH);
const eraseSchema = z.strictObject({
  userId,
  mode: z.enum(erasureModes),
  dryRun: z.boolean().default(false),
  plan: z.string().max(PLAN_LENGTH).optional(),
  leaveBackups: z.boolean().default(false),
});
const holdSchema = z.strictObject({ userId, reason, until: timeSchema.optional() });
const releaseSchema = z.strictObject({ userId, reason });

const USER = `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`;
const REASON = `why, in 1 to ${REASON_LENGTH} characters`;

const amendSchema = z
  .strictObject({
    userId,
    eventId: textSchema(limits.eventIdLength),
    kind: z.enum(amendmentKinds).default('amendment'),
    reason,
    statement: textSchema(STATEMENT_LENGTH).optional(),
    properties: z.custom<JsonObject>(fitsEvent).optional(),
  })
  .refine(({ statement, properties }) => statement !== undefined || properties !== undefined, { path: ['statement'] });
export type Amendment = z.output<typeof amendSchema>;

export interface AmendOptions {
  /**
   * `amendment`: what is right instead, or to be added. `denial`: that an amendment was asked for and denied.
   * `disagreement`: what the person has to say to that. Default: `amendment`.
   */
  readonly kind?: (typeof amendmentKinds)[number];
  /** Why. It is kept, sealed, and recorded. */
  readonly reason: string;
  /** In words: at most 4,000 characters. This or `properties` has to be given. */
  readonly statement?: string;
  /** The members that the amended event should have. */
  readonly properties?: JsonObject;
}

export interface EraseOptions {
  /** `anonymise` leaves the events, with nothing that says whose they are. */
  readonly mode: ErasureMode;
  /** The token of a dry run: refuses if there is more or less by now than it counted. */
  readonly plan?: string;
  /**
   * Erases although there is a backup that this process does not reach: there the person stays, if one has the keys. The receipt says so.
   * Default: such an erasure is refused with a `BackupError`.
   */
  readonly leaveBackups?: boolean;
}

export interface HoldOptions {
  /** It is kept, sealed. */
  readonly reason: string;
  /** When the hold ends by itself, ms since 1970. Default: when it is released. */
  readonly until?: number;
}

export interface ReleaseOptions {
  readonly reason: string;
}

export function parseUserId(given: unknown): string {
  return parseOptions('request of a subject', z.strictObject({ userId }), { userId: given }, { userId: USER }).userId;
}

export function parseErase(userIdGiven: unknown, options: unknown): z.output<typeof eraseSchema> {
  const allowed = { userId: USER, mode: erasureModes.join(', '), dryRun: 'true or false', plan: 'the token that a dry run gave', leaveBackups: 'true or false' };
  return parseOptions('erasure', eraseSchema, withUser(userIdGiven, options), allowed);
}

export function parseAmend(userIdGiven: unknown, eventId: unknown, options: unknown): Amendment {
  const allowed = { userId: USER, eventId: 'the id of an event', kind: amendmentKinds.join(', '), reason: REASON, statement: `a statement of 1 to ${STATEMENT_LENGTH} characters, or properties`, properties: 'an object of JSON, as small as the properties of an event beside the statement' };
  const given = withUser(userIdGiven, options);
  return parseOptions('amendment', amendSchema, typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given, eventId } : given, allowed);
}

export function parseHold(userIdGiven: unknown, options: unknown): z.output<typeof holdSchema> {
  return parseOptions('legal hold', holdSchema, withUser(userIdGiven, options), { userId: USER, reason: REASON, until: 'a time in ms since 1970' });
}

export function parseRelease(userIdGiven: unknown, options: unknown): z.output<typeof releaseSchema> {
  return parseOptions('release of a legal hold', releaseSchema, withUser(userIdGiven, options), { userId: USER, reason: REASON });
}

export function parseErasureId(given: unknown): string {
  return parseOptions('request of a receipt', z.strictObject({ id: z.string().min(1).max(MOST_ID) }), { id: given }, { id: 'the id of an erasure' }).id;
}

/** Whether an event may hold it, beside the longest statement. */
function fitsEvent(properties: unknown): boolean {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) return false;
  try {
    verifyEventJson(JSON.stringify({ properties, ...LONGEST }), '', new Map());
    return true;
  } catch {
    // Cycles, what JSON does not have, and what is too large or nested too deeply.
    return false;
  }
}

function withUser(userIdGiven: unknown, options: unknown): unknown {
  return typeof options === 'object' && options !== null && !Array.isArray(options) ? { ...options, userId: userIdGiven } : options;
}
