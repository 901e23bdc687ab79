import type { EventView } from '../events/EventView.js';
import type { OwnerTrace } from '../events/OwnerTrace.js';

/** What questions for counts are answered from. */
export interface CountContext {
  /** Every event type that was ever stored. */
  storedTypes(): Promise<readonly string[]>;
  /** UTC hour (hours since 1970) → events of the type stored in it. */
  hourCounts(type: string): Promise<ReadonlyMap<number, number>>;
  readonly isKnownType: (type: string) => boolean;
  /** What the count may be about. Default: everything. */
  readonly view?: EventView | undefined;
  /** Told whom the question names. */
  readonly trace?: OwnerTrace | undefined;
  /** ms since the epoch. Events of the type before this are hidden, whether or not they were removed already. */
  readonly oldestKept: (type: string) => number;
}

/** The types that were ever stored, without those that the asker may not see. */
export async function shownTypes({ storedTypes, view }: Pick<CountContext, 'storedTypes' | 'view'>): Promise<readonly string[]> {
  const types = await storedTypes();
  return view === undefined ? types : types.filter((type) => view.mayRead(type));
}
