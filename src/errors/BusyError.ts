import { AnalyticsError } from './AnalyticsError.js';

/** What there is too much of: memory in Redis, waiting events, unanswered ones in this process, spooled ones on its disk, or requests under way at its door. */
export type BusyReason = 'redisMemory' | 'waiting' | 'unanswered' | 'spool' | 'requests';

const sentences: Readonly<Record<BusyReason, string>> = {
  redisMemory: 'The memory of Redis is nearly used up',
  waiting: 'Too many events wait to be processed',
  unanswered: 'This process holds too many events that Redis has not answered',
  spool: 'The spool of this process is full',
  requests: 'This process answers as many requests as it may',
};

/** The service is overloaded and took nothing: nothing was stored. Try again after `retryAfterMs`, which grows with the overload. */
export class BusyError extends AnalyticsError {
  readonly reason: BusyReason;
  readonly retryAfterMs: number;

  constructor(reason: BusyReason, retryAfterMs: number, options?: ErrorOptions) {
    super('BUSY', `${sentences[reason]}; nothing was stored. Try again in ${retryAfterMs} ms.`, options);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
