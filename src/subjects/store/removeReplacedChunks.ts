import type { SeriesKeys } from '../../redis/keys.js';
import { removeRetiredChunks } from '../../retention/removeRetiredChunks.js';
import type { ErasureRun } from '../ErasureRun.js';

const ID_BYTES = 16;
const PAGE = 500;

/**
 * Removes all chunks of a series that others took the place of, however short a time ago, with their data keys.
 * @returns how many there were
 */
export async function removeReplacedChunks({ redis, secrets, throwIfAborted }: Pick<ErasureRun, 'redis' | 'secrets' | 'throwIfAborted'>, series: SeriesKeys): Promise<number> {
  const { dataKeys } = secrets;
  // Keys that lie apart go first: once the chunks are gone nothing leads to their keys any more, should this be cut short.
  for (let from = 0; dataKeys.isApart; from += PAGE) {
    const entries = await redis.zrangeBuffer(series.retired, String(from), String(from + PAGE - 1));
    if (entries.length === 0) break;
    const scores = await redis.zmscore(series.time, ...entries);
    const replaced = entries.filter((_, place) => scores[place] === null);
    await dataKeys.destroy(redis, series, replaced.map((entry) => entry.subarray(0, ID_BYTES)));
  }
  return removeRetiredChunks({ redis, dataKeys, throwIfAborted }, series, Number.MAX_SAFE_INTEGER);
}
