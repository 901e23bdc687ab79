import { z } from 'zod';

import { dataLabels, type DataLabel } from './dataClasses.js';
import { textSchema } from './json.js';
import { limits } from './limits.js';

/**
 * What somebody may be here. `viewer` sees the board's figures and queues; docs/access.md has what each of them may do, and
 * a test holds the page to the code.
 */
export const roles = ['ingest', 'self', 'clinician', 'analyst', 'auditor', 'operator', 'admin', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** What data is read for. It is recorded; it narrows what a role allows and never widens it. */
export const purposes = ['treatment', 'operations', 'payment', 'research', 'subject-request', 'audit', 'emergency', 'application'] as const;
export type Purpose = (typeof purposes)[number];

/** Everything that is allowed or refused, by name: see `policy`. Records of audit carry these words. */
export const operations = [
  'events.track',
  'metrics.track',
  'events.read',
  'events.count',
  'users.count',
  'metrics.read',
  'stats.read',
  'queues.view',
  'queues.change',
  'deadletters.list',
  'deadletters.inspect',
  'deadletters.change',
  'subjects.export',
  'subjects.amend',
  'subjects.erase',
  'subjects.hold',
  'subjects.read',
  'keys.rotate',
  'keys.retire',
  'keys.destroy',
  'signin.board',
  'signin.socket',
  'signin.service',
  'tokens.revoke',
  'apikeys.manage',
  'signins.manage',
  'export.deidentified',
  'backup.take',
  'backup.restore',
  'backup.forget',
  'emergency.begin',
  'emergency.end',
  'emergency.list',
  'audit.read',
  'audit.export',
  'audit.verify',
  'store.maintain',
] as const;
export type Operation = (typeof operations)[number];

/** Users that one clinician may see. */
const MOST_PATIENTS = 10_000;

/** Who reads, as the application that asks vouches for it. */
export const actorSchema = z.strictObject({
  /** Who it is, by a name that stays theirs: no shared accounts. */
  subject: textSchema(limits.subjectLength),
  /** At least one. */
  roles: z
    .array(z.enum(roles))
    .min(1)
    .max(roles.length)
    .refine((given) => new Set(given).size === given.length),
  /** Why: `application` is kept for the bare service. */
  purpose: z.enum(purposes).exclude(['application']),
  /** The users whom a clinician treats. Default: none. */
  panel: z.array(textSchema(limits.subjectLength)).max(MOST_PATIENTS).optional(),
  /** Laws of which the actor may see the data that they protect: see `dataLabels`. Default: none. */
  labels: z.array(z.enum(dataLabels)).max(dataLabels.length).optional(),
  /** Where the request came from, such as an address; it is recorded. */
  origin: z.string().regex(/^[\w.:/@+=~[\]-]{1,128}$/).optional(),
});

/** What may stand in each field of an actor, in words. */
export const ACTOR_ALLOWED = {
  subject: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  roles: `an array of different roles, at least one: ${roles.join(', ')}`,
  purpose: purposes.filter((purpose) => purpose !== 'application').join(', '),
  panel: `an array of at most ${MOST_PATIENTS} users, each a string of 1 to ${limits.subjectLength} characters`,
  labels: `an array of ${dataLabels.join(', ')}`,
  origin: '1 to 128 letters, digits and . : / @ + = ~ _ [ ] -',
} as const;

/** What `service.as` takes. */
export type ActorOptions = z.input<typeof actorSchema>;

/** Somebody who asks for something. */
export interface Actor {
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly purpose: Purpose;
  readonly panel?: readonly string[] | undefined;
  readonly labels?: readonly DataLabel[] | undefined;
  readonly origin?: string | undefined;
}

/** How it is known who an actor is: the application says so, or something that was checked here. It is recorded. */
export type ActorVia = 'application' | 'sdk' | 'cli' | 'token' | `token:${string}` | `key:${string}` | `emergency:${string}`;
