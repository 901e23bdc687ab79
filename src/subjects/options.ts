import { z } from 'zod';

import { textSchema, timeSchema } from '../contract/json.js';
import { limits } from '../contract/limits.js';
import { parseOptions } from '../queries/parseOptions.js';

/** What becomes of a person's events: they go, or nobody can tell any more whose they are. */
export const erasureModes = ['delete', 'anonymise'] as const;
export type ErasureMode = (typeof erasureModes)[number];

const REASON_LENGTH = 500;
const PLAN_LENGTH = 4000;
const MOST_ID = 64;

const userId = textSchema(limits.subjectLength);
const reason = z.string().trim().min(1).max(REASON_LENGTH);
const eraseSchema = z.strictObject({
  userId,
  mode: z.enum(erasureModes),
  dryRun: z.boolean().default(false),
  plan: z.string().max(PLAN_LENGTH).optional(),
});
const holdSchema = z.strictObject({ userId, reason, until: timeSchema.optional() });
const releaseSchema = z.strictObject({ userId, reason });

const USER = `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`;
const REASON = `why, in 1 to ${REASON_LENGTH} characters`;

export interface EraseOptions {
  /** `anonymise` leaves the events, with nothing that says whose they are. */
  readonly mode: ErasureMode;
  /** The token of a dry run: refuses if there is more or less by now than it counted. */
  readonly plan?: string;
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
  const allowed = { userId: USER, mode: erasureModes.join(', '), dryRun: 'true or false', plan: 'the token that a dry run gave' };
  return parseOptions('erasure', eraseSchema, withUser(userIdGiven, options), allowed);
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

function withUser(userIdGiven: unknown, options: unknown): unknown {
  return typeof options === 'object' && options !== null && !Array.isArray(options) ? { ...options, userId: userIdGiven } : options;
}
