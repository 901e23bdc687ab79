import { z } from 'zod';

import { queueTitles } from '../../queues/names.js';
import type { FailedJob } from './DeadLetter.js';

const positionSchema = z.tuple([z.number(), z.enum(queueTitles), z.string()]);

/** A place in the list of dead letters, as text. It holds what a line of the list holds, and is no secret. */
export function encodePosition({ failedAt, queue, id }: FailedJob): string {
  return Buffer.from(JSON.stringify([failedAt, queue, id])).toString('base64url');
}

/** @returns nothing that zod takes for a value when the text is none of ours */
export function decodePosition(text: string, context: z.RefinementCtx<string>): FailedJob {
  const parsed = positionSchema.safeParse(jsonOf(Buffer.from(text, 'base64url').toString()));
  if (parsed.success) {
    const [failedAt, queue, id] = parsed.data;
    return { failedAt, queue, id };
  }
  context.addIssue({ code: 'custom', message: 'none of ours' });
  return z.NEVER;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
