import { z } from 'zod';

import { purposes, roles } from '../../contract/access.js';
import { dataLabels } from '../../contract/dataClasses.js';
import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';

const DAY_SECONDS = 86_400;
const MOST_DAYS = 400;

/** What a new API key is given. */
export const apiKeyRequestSchema = z.strictObject({
  /** Whom it speaks for: a program, by a name of its own. */
  subject: textSchema(limits.subjectLength),
  roles: z.array(z.enum(roles)).min(1).max(roles.length).refine((given) => new Set(given).size === given.length),
  /** What it may be used for. Default: `operations`. */
  purpose: z.enum(purposes).exclude(['application', 'emergency']).default('operations'),
  panel: z.array(textSchema(limits.subjectLength)).max(1000).optional(),
  labels: z.array(z.enum(dataLabels)).max(dataLabels.length).optional(),
  /** Seconds until it ends, 400 days at most. Default: 90 days. */
  ttlSeconds: z.int().min(1).max(MOST_DAYS * DAY_SECONDS).default(90 * DAY_SECONDS),
});
export type ApiKeyRequest = z.input<typeof apiKeyRequestSchema>;

export const API_KEY_ALLOWED = {
  subject: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  roles: `an array of different roles, at least one: ${roles.join(', ')}`,
  purpose: purposes.filter((purpose) => purpose !== 'application' && purpose !== 'emergency').join(', '),
  panel: 'an array of at most 1000 users',
  labels: `an array of ${dataLabels.join(', ')}`,
  ttlSeconds: `a whole number of seconds from 1 to ${MOST_DAYS * DAY_SECONDS}`,
};

/** What is kept of a key, sealed: everything but the key. */
export const apiKeyRecordSchema = apiKeyRequestSchema.omit({ ttlSeconds: true }).extend({
  /** SHA-256 of the secret, which has 256 random bits: nobody finds it by trying. */
  hash: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  /** The key that it took over from. */
  replaces: z.string().optional(),
});
export type ApiKeyRecord = z.output<typeof apiKeyRecordSchema>;

/** What is told of a key: everything but the hash, which the schema drops. */
export const apiKeyInfoSchema = z.object(apiKeyRecordSchema.omit({ hash: true }).shape);
export type ApiKeyInfo = z.output<typeof apiKeyInfoSchema> & { readonly id: string };
