import { createHash } from 'node:crypto';

import type { Keys } from '../../redis/keys.js';
import { cellNumber, type CellField } from '../files/Cell.js';
import type { Capture } from './Capture.js';

export const GLOBAL_START = 'global/';
const AUDIT = 'audit.';
/** Elements of a list in one cell. */
const PAGE = 100;
const MOST_TRIES = 5;

/** Hashes that are taken down whole, by the word in their cells' keys. */
export function globalHashes({ erased, erasures, holds, receipts }: Keys): Readonly<Record<string, string>> {
  return { erased, erasures, holds, receipts };
}

/** Who was erased: what comes late for them is stored no more, after a restore either. */
export const ERASED_KEY = hashKey('erased');

function hashKey(name: string): string {
  return `${GLOBAL_START}${name}/hash/${cellNumber(0)}`;
}

/** Takes down what belongs to no series. */
export async function captureGlobals(capture: Capture, keys: Keys): Promise<void> {
  for (const name of Object.keys(globalHashes(keys))) await captureHash(capture, keys, name);
  for (const chain of await capture.context.redis.hkeys(keys.audit.heads)) await captureChain(capture, keys, chain);
}

/** @param name one of `globalHashes` */
export async function captureHash(capture: Capture, keys: Keys, name: string): Promise<void> {
  const hash = globalHashes(keys)[name];
  if (hash === undefined) return;
  const fields: CellField[] = [];
  let cursor = '0';
  do {
    const [next, found] = await capture.context.redis.hscanBuffer(hash, cursor, 'COUNT', 1000);
    for (let place = 0; place < found.length; place += 2) fields.push([found[place]!, found[place + 1]!]); // fields and values by turns
    cursor = next.toString();
  } while (cursor !== '0');
  // A scan may give a field twice.
  await capture.putFields(hashKey(name), [...new Map(fields.map((field) => [field[0].toString('latin1'), field])).values()]);
}

/** The chain of an audit log that a cell is of; undefined for other cells. */
export function chainOf(name: string): string | undefined {
  return name.startsWith(AUDIT) ? name.slice(AUDIT.length) : undefined;
}

/** What was appended goes from the tail into blocks now and then: tail, head and blocks are of one moment. */
async function captureChain(capture: Capture, keys: Keys, chain: string): Promise<void> {
  const { redis } = capture.context;
  const { audit } = keys;
  const start = `${GLOBAL_START}${AUDIT}${chain}`;
  for (let tries = 1; ; tries += 1) {
    const before = await redis.hget(audit.changes, chain);
    await captureBlocks(capture, audit.blocks(chain), start);
    const replies = (await redis.multi().hgetBuffer(audit.heads, chain).lrangeBuffer(audit.tail(chain), 0, -1).hget(audit.changes, chain).exec()) ?? [];
    for (const [error] of replies) if (error) throw error;
    const [head, tail, after] = replies.map(([, reply]) => reply) as [Buffer | null, Buffer[], string | null]; // what the three commands answer
    if (after !== before && tries < MOST_TRIES) continue;
    await putElements(capture, `${start}/tail/${cellNumber(0)}`, 0, tail, head);
    return;
  }
}

/** Blocks are only added behind the others, so a page that begins as it did is what it was. */
async function captureBlocks(capture: Capture, list: string, start: string): Promise<void> {
  const { redis, throwIfAborted } = capture.context;
  const length = await redis.llen(list);
  for (let from = 0; from < length; from += PAGE) {
    throwIfAborted();
    const key = `${start}/blocks/${cellNumber(from / PAGE)}`;
    const known = capture.previous(key);
    const first = await redis.lindexBuffer(list, from);
    if (from + PAGE <= length && first !== null && known !== undefined && known.stamp === stampOf(first)) capture.keep(known);
    else await putElements(capture, key, from, await redis.lrangeBuffer(list, from, Math.min(from + PAGE, length) - 1), undefined);
  }
}

/** @param head of the chain; only with its tail */
async function putElements(capture: Capture, key: string, from: number, elements: readonly Buffer[], head: Buffer | null | undefined): Promise<void> {
  const fields = elements.map((element, place): CellField => [Buffer.from(String(from + place)), element]);
  // Only of a whole page it can be told that it did not change.
  const stamp = elements.length === PAGE ? stampOf(elements[0]!) : '';
  await capture.put(key, { fields: head ? [...fields, [Buffer.from('head'), head]] : fields, values: { from } }, { stamp });
}

function stampOf(element: Buffer): string {
  return createHash('sha256').update(element).digest('base64url').slice(0, 16);
}
