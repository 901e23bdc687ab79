import { randomBytes } from 'node:crypto';

import type { RedisClient } from '../../redis/RedisClient.js';
import { decodeHead, NO_HEAD, type ChainHead } from './ChainHead.js';

/** A chain, and where it ends. */
export interface ChainPlace {
  readonly chain: string;
  readonly head: ChainHead;
}

/** A chain that nobody wrote to for so long has no writer: a new one goes on with it, so that there are as many chains as writers. */
const IDLE_MS = 60_000;

/** Every chain and where it ends. @param key `keys.audit.heads` */
export async function readHeads(redis: RedisClient, key: string): Promise<Map<string, ChainHead>> {
  const fields = await redis.hgetallBuffer(key);
  const heads = new Map<string, ChainHead>();
  for (const [chain, bytes] of Object.entries(fields)) {
    const head = decodeHead(bytes);
    if (head !== undefined) heads.set(chain, head);
  }
  return heads;
}

/** A chain to go on with: one that is idle, or a new one. Two that choose the same find out at their first append. */
export function chooseChain(heads: ReadonlyMap<string, ChainHead>, now: number): ChainPlace {
  const idle = [...heads].filter(([, { at }]) => at < now - IDLE_MS);
  const [chain, head] = idle[Math.floor(Math.random() * idle.length)] ?? [randomBytes(6).toString('base64url'), NO_HEAD];
  return { chain, head };
}
