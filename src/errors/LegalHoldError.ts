import { AnalyticsError } from './AnalyticsError.js';

/** The data of this user are held, and are not erased until the hold is over or released. Nothing was changed. */
export class LegalHoldError extends AnalyticsError {
  /** When the hold ends, ms since 1970; undefined for one that has to be released. */
  readonly until: number | undefined;

  constructor(until: number | undefined) {
    const end = until === undefined ? 'until it is released' : `until ${new Date(until).toISOString()}`;
    super('LEGAL_HOLD', `This user's data are under a legal hold ${end}. List holds to see why, and release it before erasing.`);
    this.until = until;
  }
}
