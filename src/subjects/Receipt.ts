import { z } from 'zod';

import { AnalyticsError } from '../errors/AnalyticsError.js';
import { backupOutcomes } from './checkBackups.js';
import type { SubjectContext } from './SubjectContext.js';
import { erasureModes } from './options.js';

const count = z.number().int().nonnegative();
const contentSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  /** The pseudonym that the audit log knows the person by. */
  subject: z.string(),
  mode: z.enum(erasureModes),
  /** When it was asked for, when what had been tracked by then was closed off, and when it was found to be done: ms since 1970. */
  requestedAt: z.number(),
  erasedAt: z.number(),
  finishedAt: z.number(),
  /** What was done. */
  done: z.object({
    events: count,
    chunksIn: count,
    chunksOut: count,
    removed: count,
    queued: count,
    deadLetters: count,
    spooled: count,
    feedEntries: count,
    unreadable: count,
    // Absent in receipts from before samples were erased.
    samples: count.optional(),
    series: count.optional(),
    rollups: count.optional(),
  }),
  /** What was found when every place had been read once more. All but `unreadable` are 0, or there is no receipt. */
  left: z.object({ events: count, chunks: count, queued: count, deadLetters: count, spooled: count, feedEntries: count, unreadable: count, samples: count.optional(), rollups: count.optional() }),
  /** What became of backups. Absent in receipts from before it was looked for. */
  backups: z.enum(backupOutcomes).optional(),
});
const receiptSchema = z.object({ content: contentSchema, signature: z.string() });

export type ReceiptContent = z.output<typeof contentSchema>;
/** That a person's events were erased, signed with Ed25519. It does not say who they were. */
export type ErasureReceipt = z.output<typeof receiptSchema>;

type ReceiptContext = Pick<SubjectContext, 'redis' | 'keys' | 'secrets'>;

/** Signs and keeps it. Safe to repeat: the first one stays. */
export async function issueReceipt({ redis, keys, secrets }: ReceiptContext, content: ReceiptContent): Promise<ErasureReceipt> {
  const receipt: ErasureReceipt = { content, signature: secrets.audit.sign(signedBytes(content)).toString('base64') };
  await redis.hsetnx(keys.receipts, content.id, JSON.stringify(receipt));
  return readReceipt({ redis, keys, secrets }, content.id);
}

/** @throws AnalyticsError `RECEIPT_UNKNOWN`; `STORE_INCONSISTENT` when it was changed */
export async function readReceipt({ redis, keys, secrets }: ReceiptContext, id: string): Promise<ErasureReceipt> {
  const text = await redis.hget(keys.receipts, id);
  if (text === null) throw new AnalyticsError('RECEIPT_UNKNOWN', 'No erasure of this id has a receipt: it never was one, it is not done, or it is longer ago than receipts are kept.');
  const receipt = isReceipt(text);
  if (receipt === undefined || !isGenuine({ secrets }, receipt) || receipt.content.id !== id) {
    throw new AnalyticsError('STORE_INCONSISTENT', 'A receipt of an erasure was changed: its signature does not fit.');
  }
  return receipt;
}

/** Whether this store's key signed the receipt, and nothing of it was changed. */
export function isGenuine({ secrets }: Pick<SubjectContext, 'secrets'>, receipt: unknown): boolean {
  const parsed = receiptSchema.safeParse(receipt);
  if (!parsed.success) return false;
  return secrets.audit.isSigned(signedBytes(parsed.data.content), Buffer.from(parsed.data.signature, 'base64'));
}

/** The receipts, latest first. */
export async function listReceipts(context: ReceiptContext): Promise<ErasureReceipt[]> {
  const texts = Object.values(await context.redis.hgetall(context.keys.receipts));
  const receipts = texts.flatMap((text) => isReceipt(text) ?? []).filter((receipt) => isGenuine(context, receipt));
  return receipts.sort((one, other) => other.content.finishedAt - one.content.finishedAt);
}

function isReceipt(text: string): ErasureReceipt | undefined {
  try {
    return receiptSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Names in the order of the schema, whatever order they came in. */
function signedBytes(content: ReceiptContent): Buffer {
  return Buffer.from(`analytics erasure receipt v1\n${JSON.stringify(contentSchema.parse(content))}`);
}
