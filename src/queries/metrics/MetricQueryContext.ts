import type { Guard } from '../../security/guard/Guard.js';
import type { ReadingKeys } from '../../security/KeyRing.js';
import type { MetricNames } from '../../storage/metrics/MetricNames.js';
import type { MetricReader } from '../../storage/metrics/MetricReader.js';
import type { SeriesCatalogue } from '../../storage/metrics/SeriesCatalogue.js';
import type { MetricView } from './MetricView.js';

/** What every question about metrics works with. */
export interface MetricQueryContext {
  readonly reader: MetricReader;
  readonly catalogue: SeriesCatalogue;
  readonly names: MetricNames;
  readonly secrets: Pick<ReadingKeys, 'fingerprints' | 'fields'>;
  /** The guard that samples pass before they are sent: a filter finds a tag in the form in which it was stored. */
  readonly guard: Guard;
  /** Which tags may be shown. Default: all. */
  readonly view?: MetricView | undefined;
  /** ms since the epoch. Samples before this are hidden, whether or not they were removed already. */
  readonly oldestKept: () => number;
}
