import { oldestKeptAt, retentionOf } from '../../../config/retention.js';
import type { Config } from '../../../config/parseConfig.js';
import type { EventTypes } from '../../../contract/eventTypes.js';
import { KeyError } from '../../../errors/KeyError.js';
import { createCountQueries, type CountQueries } from '../../../queries/counts/createCountQueries.js';
import { createEventQueries, type EventQueries } from '../../../queries/events/createEventQueries.js';
import type { EventView } from '../../../queries/events/EventView.js';
import { OwnerTrace } from '../../../queries/events/OwnerTrace.js';
import { createMetricQueries, type MetricQueries } from '../../../queries/metrics/createMetricQueries.js';
import type { MetricView } from '../../../queries/metrics/MetricView.js';
import { RollupReader } from '../../../queries/metrics/RollupReader.js';
import type { Guard } from '../../../security/guard/Guard.js';
import { EventReader } from '../../../storage/EventReader.js';
import { MetricNames } from '../../../storage/metrics/MetricNames.js';
import { MetricReader } from '../../../storage/metrics/MetricReader.js';
import { SeriesCatalogue } from '../../../storage/metrics/SeriesCatalogue.js';
import { tierNames } from '../../../storage/metrics/tierNames.js';
import { TierStore } from '../../../storage/metrics/TierStore.js';
import { SeenMarkReader } from '../../../storage/SeenMarkReader.js';
import { UserCountReader } from '../../../storage/UserCountReader.js';
import { watchPurges } from '../../../storage/watchPurges.js';
import type { ServiceLink } from './ServiceLink.js';

/** The part of a call's deadline that a query may take by itself: it should say that it stopped, not be stopped. */
const QUERY_SHARE = 0.8;

export interface ServiceReaderOptions {
  readonly config: Config;
  readonly types: EventTypes;
  readonly guard: Guard;
}

/** The reading side of a service for one call: what it shows follows from its own retention, and from what was granted. */
export interface ServiceReader {
  /** What may be shown; undefined: everything. */
  readonly view: EventView | undefined;
  /** Knows whose events were read. */
  readonly trace: OwnerTrace;
  readonly events: EventQueries;
  readonly counts: CountQueries;
  readonly metrics: MetricQueries;
  readonly types: EventTypes;
}

/** Days that events of a type are shown: what the type's definition says, else what the configuration says. */
export function shownDays(config: Config, types: EventTypes): (type: string) => number {
  const configured = retentionOf(config);
  return (type) => Math.min(types.get(type)?.retentionDays ?? Infinity, configured(type));
}

/** What a call may show. */
export interface Views {
  readonly events: EventView;
  readonly metrics: MetricView | undefined;
}

/** Makes the reader of a call. Cheap: what is remembered between calls is behind it. `onKnown`: see `OwnerTrace`. */
export type OpenReader = (views: Views | undefined, onKnown?: ConstructorParameters<typeof OwnerTrace>[0]) => ServiceReader;

/** @throws KeyError `KEY_UNAVAILABLE` in a process that only holds the public key */
export function createServiceReader(link: ServiceLink, { config, types, guard }: ServiceReaderOptions): OpenReader {
  const { redis, keys, keyRing } = link;
  const secrets = keyRing.reading;
  if (secrets === undefined) {
    throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot read. Set ANALYTICS_ENCRYPTION_KEY.');
  }
  const daysOf = shownDays(config, types);
  const eventReader = new EventReader({ redis, keys, secrets });
  const metricReader = new MetricReader({ redis, keys, secrets });
  const catalogue = new SeriesCatalogue(redis, keys, secrets);
  const tiers = new TierStore({ redis, keys, secrets });
  watchPurges({ redis, keys, caches: [eventReader, metricReader, catalogue, tiers] });
  const ofEvents = {
    budgetMs: QUERY_SHARE * config.ANALYTICS_DEADLINE_MS,
    isKnownType: (type: string) => types.get(type) !== undefined,
    oldestKept: (type: string) => oldestKeptAt(daysOf(type), Date.now()),
  };
  const events = {
    ...ofEvents,
    reader: eventReader,
    seenMarks: new SeenMarkReader(redis, keys, secrets.fingerprints),
    fingerprints: secrets.fingerprints,
    typeNames: () => types.names(),
  };
  const counts = {
    ...ofEvents,
    source: eventReader,
    users: new UserCountReader(redis, keys),
    storedTypes: async () => redis.hkeys(keys.eventCatalogue),
    hourCounts: async (type: string) => eventReader.hourCounts(type),
  };
  const metrics = {
    reader: metricReader,
    catalogue,
    names: new MetricNames(redis, keys, secrets),
    secrets,
    guard,
    oldestKept: () => oldestKeptAt(config.ANALYTICS_RETENTION_DAYS, Date.now()),
    rollups: new RollupReader(tiers, (tier) => oldestKeptAt(config.ANALYTICS_ROLLUP_DAYS[tierNames[tier]], Date.now())),
    budgetMs: QUERY_SHARE * config.ANALYTICS_DEADLINE_MS,
  };
  return (views, onKnown) => {
    const view = views?.events;
    const trace = new OwnerTrace(onKnown);
    return { view, trace, events: createEventQueries({ ...events, view, trace }), counts: createCountQueries({ ...counts, view, trace }), metrics: createMetricQueries({ ...metrics, view: views?.metrics }), types };
  };
}
