import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { KeyPage, RewrappedKey } from './KeyStore.js';

/** Fields looked at in one step: about 0.3 ms of Redis. */
const PAGE = 500;

/** A page of the hash in which data keys are. @param read a field's value without what stands behind the key */
export async function scanKeyFields(redis: RedisClient, dataKeys: string, cursor: string, read: (value: Buffer) => Buffer): Promise<KeyPage> {
  const [next, fields] = await redis.hscanBuffer(dataKeys, cursor, 'COUNT', PAGE);
  const keys: [Buffer, Buffer][] = [];
  for (let place = 0; place < fields.length; place += 2) keys.push([fields[place]!, read(fields[place + 1]!)]);
  return { cursor: next.toString(), keys };
}

export async function replaceKeyFields(redis: RedisClient, dataKeys: string, keys: readonly RewrappedKey[]): Promise<number> {
  if (keys.length === 0) return 0;
  const args = keys.flatMap(({ chunkId, before, wrappedKey }) => [chunkId, before, wrappedKey]);
  return Number(await script('replaceDataKeys').run(redis, { keys: [dataKeys], args }));
}
