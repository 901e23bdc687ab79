import type { Breath } from '../../storage/Breath.js';
import type { Budget } from './Budget.js';
import type { EventScan } from './EventScan.js';
import type { EventSource } from './EventSource.js';
import type { OwnerTrace } from './OwnerTrace.js';

/** What the steps of one query share. */
export interface ScanContext {
  readonly source: EventSource;
  readonly scan: EventScan;
  readonly budget: Budget;
  readonly breath: Breath;
  /** Told whose events are in the answer. */
  readonly trace?: OwnerTrace | undefined;
}

/** A chunk was removed after the index was read. Each hour is read again so often before what is gone is passed over. */
export const MOST_READINGS = 3;
