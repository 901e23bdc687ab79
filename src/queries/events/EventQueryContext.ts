import type { Fingerprints } from '../../security/Fingerprints.js';
import type { SeenMarkReader } from '../../storage/SeenMarkReader.js';
import type { EventSource } from './EventSource.js';
import type { EventView } from './EventView.js';
import type { OwnerTrace } from './OwnerTrace.js';

/** What queries of events need beside their options. */
export interface EventQueryContext {
  readonly reader: EventSource;
  readonly seenMarks: Pick<SeenMarkReader, 'find'>;
  readonly fingerprints: Fingerprints;
  /** Types that this service knows. */
  readonly typeNames: () => readonly string[];
  readonly isKnownType: (type: string) => boolean;
  /** ms since the epoch. Events of the type before this are hidden, whether or not they were removed already. */
  readonly oldestKept: (type: string) => number;
  /** What the query may show. Default: everything. */
  readonly view?: EventView | undefined;
  /** Told whose events are in the answer. */
  readonly trace?: OwnerTrace | undefined;
  /** ms that a query may take unless its own budget says otherwise. */
  readonly budgetMs: number;
  /** From this offset on whole hours are left out by their counts, which takes one more round trip. Default: 1,000. */
  readonly deepOffset?: number | undefined;
}
