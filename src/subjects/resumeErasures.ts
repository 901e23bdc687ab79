import { AnalyticsError } from '../errors/AnalyticsError.js';
import { unfinishedRequests } from './ErasureRequest.js';
import type { Subjects } from './createSubjects.js';
import type { SubjectContext } from './SubjectContext.js';

/** What one run over the erasures that are not done came to. */
export interface ResumeReport {
  readonly finished: number;
  /** Another process is at them, time was up, or they met an error. */
  readonly left: number;
}

/**
 * Goes on with every erasure that is not done.
 * @throws AnalyticsError that one met, after the others were gone on with; what Redis answers, at once
 */
export async function resumeErasures(context: Pick<SubjectContext, 'redis' | 'keys'>, subjects: Pick<Subjects, 'resume'>, signal: AbortSignal): Promise<ResumeReport> {
  let finished = 0;
  let left = 0;
  let fault: AnalyticsError | undefined;
  for (const id of await unfinishedRequests(context)) {
    if (signal.aborted) {
      left += 1;
      continue;
    }
    try {
      if ((await subjects.resume(id)) === undefined) left += 1;
      else finished += 1;
    } catch (error) {
      left += 1;
      if (signal.aborted) continue; // it goes on another time
      if (!(error instanceof AnalyticsError)) throw error;
      // One that is held now waits for its release.
      if (error.code !== 'LEGAL_HOLD') fault ??= error;
    }
  }
  if (fault !== undefined) throw fault;
  return { finished, left };
}
