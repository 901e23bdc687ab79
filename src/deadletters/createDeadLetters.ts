import { z } from 'zod';

import { limits } from '../contract/limits.js';
import { parseOptions } from '../queries/parseOptions.js';
import { countDeadLetters, type DeadLetterCounts } from './countDeadLetters.js';
import type { OpenedDeadLetter } from './DeadLetter.js';
import type { DeadLetterContext } from './DeadLetterContext.js';
import type { DeadLetterSelection, DropDeadLettersOptions, InspectDeadLetterOptions, ListDeadLettersOptions, RetryDeadLettersOptions } from './deadLetterOptions.js';
import type { DecisionReport } from './decide.js';
import { dropDeadLetters, sealerOf } from './dropDeadLetters.js';
import { readDropped, type DroppedLetter } from './droppedRecord.js';
import { listDeadLetters, type DeadLetterPage } from './listDeadLetters.js';
import { openDeadLetter } from './openDeadLetter.js';
import { retryDeadLetters } from './retryDeadLetters.js';

/** The jobs that were given up: what can be asked and decided about them. See docs/api.md. */
export interface DeadLetters {
  /** A page of them, latest first. @throws ValidationError */
  list(options?: ListDeadLettersOptions): Promise<DeadLetterPage>;
  /** How many there are, by queue and reason. */
  count(): Promise<DeadLetterCounts>;
  /** Opens one; `actor` is logged. @throws AnalyticsError `DEAD_LETTER_UNKNOWN`; KeyError or AnalyticsError when it does not open */
  inspect(id: string, options: InspectDeadLetterOptions): Promise<OpenedDeadLetter>;
  /** Puts them back into their queues, with their priority and all their attempts. @throws AnalyticsError `DEAD_LETTER_UNKNOWN` for a single id */
  retry(selection: DeadLetterSelection, options?: RetryDeadLettersOptions): Promise<DecisionReport>;
  /** Removes them for ever, and keeps who did it and why. @throws as `retry` does; KeyError `KEY_UNAVAILABLE` */
  drop(selection: DeadLetterSelection, options: DropDeadLettersOptions): Promise<DecisionReport>;
  /** What was dropped, latest first. @throws KeyError */
  dropped(options?: { readonly limit?: number }): Promise<DroppedLetter[]>;
}

const droppedSchema = z.strictObject({ limit: z.number().int().min(1).max(limits.listSize).default(100) });

export function createDeadLetters(context: DeadLetterContext): DeadLetters {
  return {
    list: (options) => listDeadLetters(context, options),
    count: () => countDeadLetters(context),
    inspect: (id, options) => openDeadLetter(context, id, options),
    retry: (selection, options) => retryDeadLetters(context, selection, options),
    drop: (selection, options) => dropDeadLetters(context, selection, options),
    async dropped(options = {}) {
      const { limit } = parseOptions('list of dropped dead letters', droppedSchema, options, { limit: `a whole number from 1 to ${limits.listSize}` });
      return readDropped(context.redis, context.keys, sealerOf(context), limit);
    },
  };
}
