import { createHmac } from 'node:crypto';

import { isPersonalTag } from '../../access/isPersonalTag.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { script } from '../../redis/Script.js';
import { sealTags, seriesIdOf } from '../../storage/seriesTags.js';
import type { ErasureRun } from '../ErasureRun.js';
import type { FoundSeries } from './findSeries.js';
import type { SubjectSeries } from './SubjectSeries.js';

/** What takes the place of a series, by its tags; undefined: nothing does. */
export type TagRewrite = ((tags: Readonly<Record<string, string>>) => Readonly<Record<string, string>>) | undefined;

/** Every tag that tells of a person by its name gets a surrogate that nobody can make without the key: one for one value. */
export function createTagAnonymiser(key: Buffer): TagRewrite {
  return (tags) =>
    Object.fromEntries(
      Object.entries(tags).map(([tag, value]) => [tag, isPersonalTag(tag) ? `anonymous-${createHmac('sha256', key).update(`tag|${tag}|${value}`).digest('hex').slice(0, 24)}` : value]),
    );
}

/** Which series takes the place of which, by metric. */
export function planSeries(found: readonly FoundSeries[], rewrite: TagRewrite, secrets: ErasureRun['secrets']): SubjectSeries[] {
  const byMetric = new Map<string, Map<string, string>>();
  for (const { name, keyName, seriesId, tags } of found) {
    const ids = byMetric.get(keyName) ?? new Map<string, string>();
    byMetric.set(keyName, ids.set(seriesId, rewrite === undefined ? '' : seriesIdOf(name, canonical(rewrite(tags)), secrets)));
  }
  return Array.from(byMetric, ([keyName, ids]) => ({ keyName, ids }));
}

/**
 * Takes away the tags of series, or puts those in their place that `planSeries` found. From here on their samples are shown
 * to nobody until they are gone or moved, and whoever stores new ones brings their tags along. Safe to repeat.
 */
export async function replaceTags({ redis, keys, secrets }: Pick<ErasureRun, 'redis' | 'keys' | 'secrets'>, found: readonly FoundSeries[], rewrite: TagRewrite): Promise<void> {
  for (const { name, keyName, seriesId, tags } of found) {
    const after = rewrite?.(tags);
    const newId = after === undefined ? '' : seriesIdOf(name, canonical(after), secrets);
    const metric = keys.metric(keyName);
    const [word, place] = (await script('replaceSeriesTags').run(redis, {
      keys: [metric.tags, metric.pastTags, metric.counts],
      args: [Buffer.from(seriesId, 'hex'), Buffer.from(newId, 'hex'), after === undefined ? '' : sealTags(name, keyName, newId, after, secrets)],
    })) as [Buffer, unknown]; // what the script answers
    if (word.toString() === 'replaced') continue;
    throw new AnalyticsError('STORE_INCONSISTENT', `A key of the metric store (place ${String(place)} of replaceSeriesTags) holds a value of another type. Does another program use this REDIS_PREFIX?`);
  }
}

/** As a producer writes them: the tags come in the order of their keys. */
function canonical(tags: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}
