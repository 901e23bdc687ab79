import express, { Router, type Response } from 'express';

import type { Principal } from '../src/access/Principal.js';
import { AnalyticsError } from '../src/errors/AnalyticsError.js';
import type { DeadLetterCounts } from '../src/deadletters/countDeadLetters.js';
import type { DeadLetters } from '../src/deadletters/createDeadLetters.js';
import type { DecisionReport } from '../src/deadletters/decide.js';
import type { DeadLetterSelection } from '../src/deadletters/deadLetterOptions.js';
import { HttpError } from './HttpError.js';
import { jobId } from './projectJob.js';
import { sessionOf } from './requireSession.js';

const PAGE = 50;
/** The call needs a name; `guardDeadLetters` puts that of the actor in its place. */
const BOARD = 'board';
const BODY_LIMIT = '100kb';
/** Pages refresh themselves, and 10,000 dead letters take 0.3 s to count: however many pages are open, it takes a twentieth of the time. */
const COUNTING_SHARE = 0.05;

/**
 * Lists dead letters; retries, drops and opens them for those who may.
 * @param lettersOf the dead letters as somebody may see and change them; their counts are for everybody here, and shared
 */
export function deadLetterRoutes(letters: Pick<DeadLetters, 'count'>, lettersOf: (principal: Principal) => DeadLetters): Router {
  const router = Router();
  const of = (response: Response): DeadLetters => lettersOf(sessionOf(response).principal);
  const counts = shareOfTime(COUNTING_SHARE, () => letters.count());
  router.use(express.json({ limit: BODY_LIMIT }));

  router.get('/counts', async (_request, response) => {
    response.json(await counts.read());
  });
  router.get('/', async (request, response) => {
    // What is not one of the options is refused there, and so is what was given twice.
    const options = Object.fromEntries(Object.entries(request.query).filter(([, value]) => value !== ''));
    const { deadLetters, cursor } = await of(response).list({ limit: PAGE, ...options }).catch(refuse);
    response.json({ role: sessionOf(response).role, deadLetters: deadLetters.map((letter) => ({ ...letter, id: jobId.parse(letter.id) })), cursor });
  });
  router.post('/retry', async (request, response) => {
    const { selection } = bodyOf(request.body);
    const report = await of(response).retry(selection as DeadLetterSelection, { actor: BOARD }).catch(refuse); // checked there
    counts.forget();
    response.json(summaryOf(report));
  });
  router.post('/drop', async (request, response) => {
    const { selection, reason } = bodyOf(request.body);
    const report = await of(response).drop(selection as DeadLetterSelection, { actor: BOARD, reason: reason as string }).catch(refuse); // checked there
    counts.forget();
    response.json(summaryOf(report));
  });
  router.post('/open', async (request, response) => {
    const { id } = bodyOf(request.body);
    response.json(await of(response).inspect(id as string, { actor: BOARD }).catch(refuse)); // checked there
  });
  return router;
}

function bodyOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new HttpError(400, 'BAD_REQUEST');
  return body as Readonly<Record<string, unknown>>; // JSON: an object has string keys
}

function summaryOf({ done, refused, cursor }: DecisionReport): object {
  return { done, refused: refused.length, cursor };
}

/** Says no more than the code: a batch that does not open is no fault of the board. */
function refuse(error: unknown): never {
  if (!(error instanceof AnalyticsError)) throw error;
  if (error.code === 'VALIDATION_FAILED') throw new HttpError(400, 'BAD_REQUEST');
  if (error.code === 'FORBIDDEN') throw new HttpError(403, 'FORBIDDEN');
  throw new HttpError(error.code === 'DEAD_LETTER_UNKNOWN' ? 404 : 409, error.code);
}

/** Counts for whoever asks, again only when so much time has passed that counting takes no more than its share. */
function shareOfTime(share: number, count: () => Promise<DeadLetterCounts>): { read(): Promise<DeadLetterCounts>; forget(): void } {
  let last: Promise<DeadLetterCounts> | undefined;
  let againAt = Infinity;
  return {
    async read() {
      if (last === undefined || performance.now() > againAt) {
        const startedAt = performance.now();
        againAt = Infinity;
        last = count();
        // A failure is told to whoever asked, and tried again as an answer would be.
        const settle = (): void => {
          againAt = startedAt + (performance.now() - startedAt) / share;
        };
        last.then(settle, settle);
      }
      return last;
    },
    forget() {
      last = undefined;
    },
  };
}
