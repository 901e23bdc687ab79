import { MetricNames, type ListedMetric } from '../../storage/metrics/MetricNames.js';
import { SeriesCatalogue } from '../../storage/metrics/SeriesCatalogue.js';
import { taggedUsers } from '../../storage/taggedUsers.js';
import type { ErasureRun } from '../ErasureRun.js';

/** A series whose tags name somebody. */
export interface FoundSeries extends ListedMetric {
  readonly seriesId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * All series whose tags name somebody, those that only rollups tell of too. The tags of every series are opened, since a
 * hash of them tells nothing of other spellings: 4 µs each.
 *
 * @throws KeyError when a name or tags do not open
 */
export async function* findSeries({ redis, keys, secrets, userId, throwIfAborted }: Pick<ErasureRun, 'redis' | 'keys' | 'secrets' | 'userId' | 'throwIfAborted'>): AsyncGenerator<FoundSeries> {
  for (const { name, keyName } of await new MetricNames(redis, keys, secrets).all()) {
    throwIfAborted();
    for (const { id, tags } of (await new SeriesCatalogue(redis, keys, secrets).all(keyName)).values()) {
      if (taggedUsers(tags).includes(userId)) yield { name, keyName, seriesId: id, tags };
    }
  }
}
