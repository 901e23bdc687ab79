import { z } from 'zod';

import { actorSchema } from '../../contract/access.js';
import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';

const MOST_MINUTES = 60;
const MOST_PATIENTS = 20;
const REASON = { least: 10, most: 1000 } as const;

/** What `service.emergency` takes. */
export const emergencyRequestSchema = z.strictObject({
  /** Who it is, by a name that stays theirs: no shared accounts. */
  subject: textSchema(limits.subjectLength),
  /** The users whose data is needed, by name: nobody opens all. */
  patients: z.array(textSchema(limits.subjectLength)).min(1).max(MOST_PATIENTS),
  /** Why, in words: it is recorded, and read by whoever reviews it. */
  reason: z.string().min(REASON.least).max(REASON.most),
  /** What `npm run emergency -- secret` printed. */
  secret: z.string().max(200),
  /** Minutes until it ends by itself. Default: 15; at most 60. */
  minutes: z.number().positive().max(MOST_MINUTES).default(15),
  /** Where the request came from; it is recorded. */
  origin: actorSchema.shape.origin,
  /** An exercise: recorded as one, and alarmed about like any other. Default: false. */
  isDrill: z.boolean().default(false),
});
export type EmergencyRequest = z.input<typeof emergencyRequestSchema>;

export const EMERGENCY_ALLOWED = {
  subject: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  patients: `an array of 1 to ${MOST_PATIENTS} users`,
  reason: `${REASON.least} to ${REASON.most} characters`,
  secret: 'what "npm run emergency -- secret" printed',
  minutes: `a number above 0, at most ${MOST_MINUTES}`,
  origin: '1 to 128 letters, digits and . : / @ + = ~ _ [ ] -',
  isDrill: 'true or false',
} as const;

/** What is kept of one, sealed. */
export const emergencyRecordSchema = z.object({
  ...emergencyRequestSchema.pick({ subject: true, patients: true, reason: true, origin: true, isDrill: true }).shape,
  startedAt: z.number(),
  /** Set where somebody ended it before its time. */
  endedBy: z.string().optional(),
});
export type EmergencyRecord = z.output<typeof emergencyRecordSchema>;
