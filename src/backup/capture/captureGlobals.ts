import { createHash } from 'node:crypto';

import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { cellNumber, type CellField } from '../files/Cell.js';
import type { Capture } from './Capture.js';

export const GLOBAL_START = 'global/';
/** Who was erased: what comes late for them is stored no more, after a restore either. */
export const ERASED_KEY = `${GLOBAL_START}erased/hash/${cellNumber(0)}`;
const AUDIT = 'audit.';
/** Elements of a chain in one cell: one or several records each. */
const PAGE = 500;

/** Takes down what belongs to no series. */
export async function captureGlobals(capture: Capture, keys: Keys): Promise<void> {
  await captureErased(capture, keys);
  const { redis } = capture.context;
  for (const chain of await redis.hkeys(keys.audit.heads)) await captureChain(capture, keys, chain);
}

export async function captureErased(capture: Capture, keys: Keys): Promise<void> {
  const fields: CellField[] = [];
  let cursor = '0';
  do {
    const [next, found] = await capture.context.redis.hscanBuffer(keys.erased, cursor, 'COUNT', 1000);
    for (let place = 0; place < found.length; place += 2) fields.push([found[place]!, found[place + 1]!]); // fields and values by turns
    cursor = next.toString();
  } while (cursor !== '0');
  // A scan may give a field twice.
  await capture.putFields(ERASED_KEY, [...new Map(fields.map((field) => [field[0].toString('latin1'), field])).values()]);
}

/** The chain of an audit log that a cell is of; undefined for other cells. */
export function chainOf(name: string): string | undefined {
  return name.startsWith(AUDIT) ? name.slice(AUDIT.length) : undefined;
}

/** A chain only grows, so a page that begins as it did is what it was. The last page and the head are of one moment. */
async function captureChain(capture: Capture, keys: Keys, chain: string): Promise<void> {
  const { redis, throwIfAborted } = capture.context;
  const tail = keys.audit.tail(chain);
  const length = await redis.llen(tail);
  const last = Math.floor(length / PAGE);
  for (let page = 0; page < last; page += 1) {
    throwIfAborted();
    const key = `${GLOBAL_START}${AUDIT}${chain}/tail/${cellNumber(page)}`;
    const from = page * PAGE;
    const first = await redis.lindexBuffer(tail, from);
    const known = capture.previous(key);
    if (known !== undefined && first !== null && known.stamp === stampOf(first)) capture.keep(known);
    else await putElements(capture, key, from, await redis.lrangeBuffer(tail, from, from + PAGE - 1), undefined);
  }
  const [head, rest] = await headAndRest(redis, keys, chain, last * PAGE);
  await putElements(capture, `${GLOBAL_START}${AUDIT}${chain}/tail/${cellNumber(last)}`, last * PAGE, rest, head);
}

async function headAndRest(redis: RedisClient, keys: Keys, chain: string, from: number): Promise<[head: Buffer | null, rest: Buffer[]]> {
  const replies = (await redis.multi().hgetBuffer(keys.audit.heads, chain).lrangeBuffer(keys.audit.tail(chain), from, -1).exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  }) as [Buffer | null, Buffer[]]; // what HGET and LRANGE answer
}

/** @param head of the chain; only with its last page */
async function putElements(capture: Capture, key: string, from: number, elements: readonly Buffer[], head: Buffer | null | undefined): Promise<void> {
  const fields = elements.map((element, place): CellField => [Buffer.from(String(from + place)), element]);
  const stamp = head === undefined && elements[0] !== undefined ? stampOf(elements[0]) : '';
  await capture.put(key, { fields: head ? [...fields, [Buffer.from('head'), head]] : fields, values: { from } }, { stamp });
}

function stampOf(element: Buffer): string {
  return createHash('sha256').update(element).digest('base64url').slice(0, 16);
}
