import type { AuditLogKeys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { ChainHead } from './ChainHead.js';
import { readHeads } from './chooseChain.js';
import { firstSeqOf } from './elements.js';

/** Where chains are read from. */
export interface ChainSource {
  /** Where each chain ends, as its writers left it. */
  heads(): Promise<ReadonlyMap<string, ChainHead>>;
  /** What is stored of a chain, sealed, from its first record on; what is appended meanwhile may be left out. */
  elements(chain: string): AsyncIterable<StoredElement>;
}

export interface StoredElement {
  readonly bytes: Buffer;
  /** It may hold records that came before, since the chain was packed while it was read. */
  readonly isAgain: boolean;
}

/** A block has 20 kB or so, an append 80 bytes. */
const BLOCKS_AT_ONCE = 16;
const APPENDS_AT_ONCE = 1000;

export function redisSource(redis: RedisClient, keys: AuditLogKeys): ChainSource {
  return {
    heads: () => readHeads(redis, keys.heads),
    elements: (chain) => elementsOf(redis, keys, chain),
  };
}

async function* elementsOf(redis: RedisClient, keys: AuditLogKeys, chain: string): AsyncGenerator<StoredElement> {
  let last = 0;
  let seen = 0;
  let changes: string | undefined;
  const lists = [
    { list: keys.blocks(chain), size: BLOCKS_AT_ONCE },
    { list: keys.tail(chain), size: APPENDS_AT_ONCE },
  ];
  for (let at = 0, place = 0; at < lists.length; ) {
    const { list, size } = lists[at]!;
    const reply = (await script('readAudit').run(redis, { keys: [keys.changes, list], args: [chain, place, place + size - 1] })) as Buffer[]; // what the script answers
    const [now, ...elements] = reply;
    if (changes !== undefined && changes !== now!.toString()) {
      // Appends were packed, or blocks removed: it goes on with the block that holds what was read last.
      changes = now!.toString();
      seen = last;
      [at, place] = [0, await placeOf(redis, lists[0]!.list, last)];
      continue;
    }
    changes = now!.toString();
    for (const element of elements) {
      last = firstSeqOf(element);
      yield { bytes: element, isAgain: last <= seen };
    }
    if (elements.length === size) place += size;
    else [at, place] = [at + 1, 0];
  }
}

/** The place of the last block that begins at a record's number or before. */
async function placeOf(redis: RedisClient, blocks: string, seq: number): Promise<number> {
  let [low, high] = [0, await redis.llen(blocks)];
  while (low < high) {
    const middle = (low + high) >> 1;
    const block = await redis.lindexBuffer(blocks, middle);
    if (block !== null && firstSeqOf(block) <= seq) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
