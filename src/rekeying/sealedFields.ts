import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { metricNamePlace } from '../storage/metricKeyName.js';
import { apiKeyPlace } from '../access/apiKeys/ApiKeys.js';
import { FACTOR_FIELD, factorPlace } from '../access/secondFactors/SecondFactors.js';
import { erasurePlace } from '../subjects/ErasureRequest.js';
import { holdPlace } from '../subjects/holds.js';
import { sealedTagsOf, tagsPlace, withoutHour } from '../storage/seriesTags.js';

/** A sealed field: where it is, and what it is bound to. */
export interface SealedField {
  readonly hash: string;
  readonly field: Buffer;
  readonly place: string;
  readonly sealed: Buffer;
}

const PAGE = 500;

/** All sealed fields, in pages: the names of metrics, the tags of their series, API keys, second factors, legal holds, and erasures that are not done. */
export async function* sealedFields(redis: RedisClient, keys: Keys): AsyncGenerator<SealedField[]> {
  yield* pagesOf(redis, keys.metricCatalogue, (field, value) => ({ place: metricNamePlace(field.toString()), sealed: value }));
  for (const name of await redis.hkeys(keys.metricCatalogue)) {
    const { tags, pastTags } = keys.metric(name);
    for (const hash of [tags, pastTags]) {
      yield* pagesOf(redis, hash, (field, value) => ({ place: tagsPlace(name, field.toString('hex')), sealed: sealedTagsOf(withoutHour(value)) }));
    }
  }
  yield* pagesOf(redis, keys.apiKeys, (field, value) => ({ place: apiKeyPlace(field.toString()), sealed: value }));
  yield* pagesOf(redis, keys.secondFactors, (field, value) => {
    const name = field.toString();
    return name.startsWith(FACTOR_FIELD) ? { place: factorPlace(name.slice(FACTOR_FIELD.length)), sealed: value } : undefined;
  });
  yield* pagesOf(redis, keys.holds, (field, value) => ({ place: holdPlace(field), sealed: value }));
  yield* pagesOf(redis, keys.erasures, (field, value) => ({ place: erasurePlace(field.toString()), sealed: value }));
}

async function* pagesOf(redis: RedisClient, hash: string, read: (field: Buffer, value: Buffer) => Pick<SealedField, 'place' | 'sealed'> | undefined): AsyncGenerator<SealedField[]> {
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscanBuffer(hash, cursor, 'COUNT', PAGE);
    const page: SealedField[] = [];
    for (let place = 0; place < fields.length; place += 2) {
      const sealed = read(fields[place]!, fields[place + 1]!);
      if (sealed !== undefined) page.push({ hash, field: fields[place]!, ...sealed });
    }
    if (page.length > 0) yield page;
    cursor = next.toString();
  } while (cursor !== '0');
}
