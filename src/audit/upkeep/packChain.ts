import type { AuditLogKeys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import { FIRST_PREVIOUS, hashContent } from '../AuditRecord.js';
import { openElement, readElement, sealBlock, type Element } from '../chain/elements.js';
import { BrokenChainError } from '../chain/walkChain.js';

export interface PackContext {
  readonly redis: RedisClient;
  readonly keys: AuditLogKeys;
  readonly secrets: AuditKeys;
  /** Fewer records are left as they are. Default: 256, since a block of few is hardly smaller. */
  readonly least?: number;
  /** Asked before each block: it ends there, and the next packing goes on. */
  isLate(): boolean;
}

const LEAST_RECORDS = 256;
const MOST_RECORDS = 1024;
/** Appends that are read at once; each has a record at least. */
const MOST_APPENDS = 1024;
/** Of stored bytes: records of many subjects are few to a block. */
const MOST_BYTES = 512 * 1024;

/**
 * Packs what was appended to a chain into blocks of about 1,000 records, 20 bytes each instead of 80, which are read 20 times
 * as fast. Every record is checked against the one before it first: a broken chain is left as it is, for the verifier.
 * @returns how many records were packed
 * @throws BrokenChainError
 */
export async function packChain(context: PackContext, chain: string): Promise<number> {
  const { redis, keys, secrets, least = LEAST_RECORDS } = context;
  let records = 0;
  let link = await lastHash(context, chain);
  while (!context.isLate()) {
    const stored = await redis.lrangeBuffer(keys.tail(chain), 0, MOST_APPENDS - 1);
    const block = gather(secrets, chain, stored, link);
    if (block === undefined || block.contents.length < least) return records;
    const done = await script('packAudit').run(redis, {
      keys: [keys.tail(chain), keys.blocks(chain), keys.changes],
      args: [chain, block.appends, stored[0]!, stored[block.appends - 1]!, sealBlock(secrets, chain, { ...block, link: link.hash })],
    });
    // Another is at work on it.
    if (done !== 1) return records;
    records += block.contents.length;
    link = { seq: link.seq + block.contents.length, hash: block.hash };
  }
  return records;
}

interface Link {
  readonly seq: number;
  /** In hex. */
  readonly hash: string;
}

/** The last record that is in a block. */
async function lastHash({ redis, keys, secrets }: PackContext, chain: string): Promise<Link> {
  const last = await redis.lindexBuffer(keys.blocks(chain), -1);
  if (last === null) return { seq: 0, hash: FIRST_PREVIOUS };
  const { firstSeq, link, contents } = readElement(openElement(secrets, chain, last));
  return follow(chain, { seq: firstSeq - 1, hash: link }, contents);
}

/** What the first appends make up: none when there are none. */
function gather(secrets: AuditKeys, chain: string, stored: readonly Buffer[], link: Link): (Element & { readonly appends: number; readonly hash: string }) | undefined {
  const contents: Element['contents'][number][] = [];
  let { seq, hash } = link;
  let appends = 0;
  let bytes = 0;
  for (const one of stored) {
    bytes += one.length;
    if (appends > 0 && (contents.length >= MOST_RECORDS || bytes > MOST_BYTES)) break;
    const element = openOrThrow(secrets, chain, one, seq + 1);
    if (element.firstSeq !== seq + 1) throw new BrokenChainError(chain, seq + 1, element.firstSeq > seq + 1 ? 'missing' : 'out of place');
    if (!hash.startsWith(element.link)) throw new BrokenChainError(chain, seq + 1, 'unlinked');
    ({ seq, hash } = follow(chain, { seq, hash }, element.contents));
    contents.push(...element.contents);
    appends += 1;
  }
  return appends === 0 ? undefined : { firstSeq: link.seq + 1, link: link.hash, contents, appends, hash };
}

function openOrThrow(secrets: AuditKeys, chain: string, bytes: Buffer, seq: number): Element {
  try {
    return readElement(openElement(secrets, chain, bytes));
  } catch (cause) {
    throw new BrokenChainError(chain, seq, 'unreadable', { cause });
  }
}

function follow(chain: string, link: Link, contents: Element['contents']): Link {
  let { seq, hash } = link;
  for (const content of contents) {
    seq += 1;
    hash = hashContent(content, { chain, seq, previous: hash });
  }
  return { seq, hash };
}
