import { fetchFields } from '../../redis/fetchFields.js';
import { removeFields } from '../../redis/removeFields.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { replaceKeyFields, scanKeyFields } from './keyFields.js';
import type { KeyStore } from './KeyStore.js';
import { rewriteAppendOnlyFile } from './rewriteAppendOnlyFile.js';
import { withoutLostKeys, type FoundChunk } from './withoutLostKeys.js';

/** Data keys in a hash beside the chunks: written and removed by the scripts that store and remove these. */
export const keysBesideData: KeyStore = {
  isApart: false,
  async identify() {
    return 'beside';
  },
  async put(keys) {
    return keys.map(() => undefined);
  },
  async get(redis, { dataKeys }, chunkIds) {
    const [wrappedKeys] = await fetchFields(redis, [{ key: dataKeys, fields: chunkIds }]);
    return wrappedKeys!.map((key) => key ?? undefined); // one list for each request
  },
  async fetch(redis, chunks, { dataKeys }, chunkIds) {
    const found = await find(redis, chunks, dataKeys, chunkIds);
    return withoutLostKeys(found, async (places) => find(redis, chunks, dataKeys, places.map((place) => chunkIds[place]!)));
  },
  async destroy(redis, { dataKeys }, chunkIds) {
    return removeFields(redis, dataKeys, chunkIds);
  },
  async removeOrphans() {
    return 0;
  },
  async belongsTo() {
    return true;
  },
  async scan(redis, { dataKeys }, cursor) {
    return scanKeyFields(redis, dataKeys, cursor, (value) => value);
  },
  async replace(redis, { dataKeys }, keys) {
    return replaceKeyFields(redis, dataKeys, keys);
  },
  rewriteLog: rewriteAppendOnlyFile,
  close() {},
};

async function find(redis: RedisClient, chunks: string, dataKeys: string, chunkIds: readonly Buffer[]): Promise<FoundChunk[]> {
  const [stored, wrappedKeys] = await fetchFields(redis, [
    { key: chunks, fields: chunkIds },
    { key: dataKeys, fields: chunkIds },
  ]);
  return chunkIds.map((_, place) => ({ bytes: stored![place] ?? undefined, wrappedKey: wrappedKeys![place] ?? undefined })); // one list for each request
}
