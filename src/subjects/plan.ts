import { timingSafeEqual } from 'node:crypto';

import { z } from 'zod';

import { AnalyticsError } from '../errors/AnalyticsError.js';
import { countSubject, type SubjectCounts } from './countSubject.js';
import { erasureModes, type ErasureMode } from './options.js';
import type { SubjectContext } from './SubjectContext.js';

/** What an erasure would take, and the token with which it takes no less and no more. */
export interface ErasurePlan extends SubjectCounts {
  readonly mode: ErasureMode;
  /** When it was counted, ms since 1970. */
  readonly at: number;
  /** To be given to `erase` within a day. It holds numbers, and nothing that says who the person is. */
  readonly token: string;
}

const counted = ['events', 'samples', 'queued', 'deadLetters', 'spooled'] as const;
const tokenSchema = z.object({
  subject: z.string(),
  mode: z.enum(erasureModes),
  at: z.number(),
  counts: z.object({ events: z.number(), samples: z.number(), queued: z.number(), deadLetters: z.number(), spooled: z.number() }),
});
const DAY_MS = 86_400_000;

/** Counts what an erasure would take. */
export async function planErasure(context: SubjectContext, userId: string, mode: ErasureMode): Promise<ErasurePlan> {
  const at = context.now();
  const counts = await countSubject(context, { userId, until: at });
  const content = JSON.stringify({ subject: subjectOf(context, userId), mode, at, counts: pick(counts) });
  const token = Buffer.from(JSON.stringify([content, context.secrets.fingerprints.cursor(`plan|${content}`).toString('base64url')])).toString('base64url');
  return { ...counts, mode, at, token };
}

/**
 * Refuses a plan that is no longer what an erasure would take.
 * @throws AnalyticsError `PLAN_OUTDATED` saying what changed
 */
export async function checkPlan(context: SubjectContext, userId: string, mode: ErasureMode, token: string): Promise<void> {
  const plan = openToken(context, token);
  if (plan === undefined || plan.subject !== subjectOf(context, userId) || plan.mode !== mode) {
    throw new AnalyticsError('PLAN_OUTDATED', 'The plan is of another person or mode, or none of this store. Make a dry run, and give its token.');
  }
  const now = context.now();
  if (now - plan.at > DAY_MS) throw new AnalyticsError('PLAN_OUTDATED', 'The plan is more than a day old. Make a dry run again.');
  const found = pick(await countSubject(context, { userId, until: now }));
  // Events and samples move from spools into the queue, and on into the store: that is no change.
  const total = (counts: typeof found): number => counted.reduce((sum, name) => sum + counts[name], 0);
  if (total(found) === total(plan.counts)) return;
  const changes = counted.filter((name) => found[name] !== plan.counts[name]).map((name) => `${name}: ${plan.counts[name]} before, ${found[name]} now`);
  throw new AnalyticsError('PLAN_OUTDATED', `There is something else by now than the plan says (${changes.join('; ')}). Make a dry run again.`);
}

function openToken({ secrets }: SubjectContext, token: string): z.output<typeof tokenSchema> | undefined {
  try {
    const [content, mark] = z.tuple([z.string(), z.string()]).parse(JSON.parse(Buffer.from(token, 'base64url').toString()));
    const expected = secrets.fingerprints.cursor(`plan|${content}`);
    const given = Buffer.from(mark, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return tokenSchema.parse(JSON.parse(content));
  } catch {
    return undefined;
  }
}

function subjectOf({ secrets }: SubjectContext, userId: string): string {
  return secrets.fingerprints.subject(userId).toString('base64url');
}

function pick({ events, samples, queued, deadLetters, spooled }: SubjectCounts): Pick<SubjectCounts, (typeof counted)[number]> {
  return { events, samples, queued, deadLetters, spooled };
}
