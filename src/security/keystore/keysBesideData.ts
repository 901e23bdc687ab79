import { fetchFields } from '../../redis/fetchFields.js';
import { removeFields } from '../../redis/removeFields.js';
import type { KeyStore } from './KeyStore.js';

/** Data keys in a hash beside the chunks: written and removed by the scripts that store and remove these. */
export const keysBesideData: KeyStore = {
  isApart: false,
  name: 'beside',
  async put(keys) {
    return keys.map(() => undefined);
  },
  async get(redis, { dataKeys }, chunkIds) {
    const [wrappedKeys] = await fetchFields(redis, [{ key: dataKeys, fields: chunkIds }]);
    return wrappedKeys!.map((key) => key ?? undefined); // one list for each request
  },
  async fetch(redis, chunks, { dataKeys }, chunkIds) {
    const [stored, wrappedKeys] = await fetchFields(redis, [
      { key: chunks, fields: chunkIds },
      { key: dataKeys, fields: chunkIds },
    ]);
    return chunkIds.map((_, place) => {
      const bytes = stored![place];
      const wrappedKey = wrappedKeys![place];
      return bytes && wrappedKey ? { bytes, wrappedKey } : undefined;
    });
  },
  async destroy(redis, { dataKeys }, chunkIds) {
    return removeFields(redis, dataKeys, chunkIds);
  },
  close() {},
};
