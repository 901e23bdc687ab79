import { z } from 'zod';

import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';

const name = textSchema(limits.subjectLength);
const criteria = {
  userId: name.optional(),
  actor: name.optional(),
  from: z.number().int().optional(),
  to: z.number().int().optional(),
  operation: z.string().min(1).max(128).optional(),
  outcome: z.enum(['allowed', 'denied', 'failed']).optional(),
  origin: z.string().min(1).max(256).optional(),
};
const page = {
  ...criteria,
  limit: z.number().int().min(1).max(limits.listSize).default(100),
  cursor: z
    .string()
    .regex(/^\d{1,15}~\d{1,15}~[\w-]{1,64}$/)
    .optional(),
};
const disclosures = z.boolean().default(false);
/** Persons that one call may name: as many as a record holds. */
const MOST_PERSONS = 10_000;

export const whoSawSchema = z.strictObject({ ...page, userId: name, disclosures });
export const seenBySchema = z.strictObject({ ...page, actor: name });
export const listSchema = z.strictObject(page);
export const streamSchema = z.strictObject({ ...criteria, disclosures });
export const exportSchema = z.strictObject({ format: z.enum(['ndjson', 'fhir']) });
export const pseudonymsSchema = z.strictObject({ userIds: z.array(name).max(MOST_PERSONS) });

const ALLOWED = {
  userId: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  actor: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  disclosures: 'true or false',
  from: 'a time in ms since 1970',
  to: 'a time in ms since 1970',
  operation: 'the name of an operation, such as events.read',
  outcome: 'allowed, denied or failed',
  origin: 'where it came from, as it was recorded: up to 256 characters',
  limit: `a whole number from 1 to ${limits.listSize}`,
  cursor: 'the cursor of a page before',
  format: 'ndjson or fhir',
  userIds: `an array of at most ${MOST_PERSONS} users, each a string of 1 to ${limits.subjectLength} characters`,
} as const;

/** What may stand in each field of a query, in words. */
export function allowedIn(schema: z.ZodObject): Record<string, string> {
  return Object.fromEntries(Object.entries(ALLOWED).filter(([field]) => field in schema.shape));
}

export type WhoSawOptions = z.input<typeof whoSawSchema>;
export type SeenByOptions = z.input<typeof seenBySchema>;
export type AuditListOptions = z.input<typeof listSchema>;
export type AuditStreamOptions = z.input<typeof streamSchema>;
export type AuditExportFormat = z.input<typeof exportSchema>['format'];
