import type { SpoolFigures } from './spool/Spool.js';

/** How the producing half of one service fares, since it was opened. */
export interface ProducerStats {
  /** Events and samples that Redis has not answered. */
  readonly unanswered: number;
  /** Their JSON, and 100 bytes each: what `ANALYTICS_MAX_UNANSWERED_MB` bounds. */
  readonly unansweredBytes: number;
  /** Events and samples that were refused with `BUSY` before anything was sent. */
  readonly refused: number;
  /** null without a spool. */
  readonly spool: SpoolFigures | null;
}
