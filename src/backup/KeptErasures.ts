import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { KeyError } from '../errors/KeyError.js';
import type { BackupContext } from './BackupContext.js';
import { damaged } from './files/damaged.js';
import { writeWhole } from './files/writeWhole.js';
import { writeFields } from './restoreCell.js';

/** Bytes as base64. */
const pairs = z.array(z.tuple([z.string(), z.string()]));
const keptSchema = z.object({
  v: z.literal(1),
  /** When it was written, ms since 1970. */
  at: z.number(),
  /** Who was erased, receipts, erasures that are not done, and legal holds, as they rest in Redis. */
  erased: pairs,
  receipts: pairs,
  erasures: pairs,
  holds: pairs,
});
/** What is kept beside the data keys. */
export type KeptErasures = z.output<typeof keptSchema>;
type KeptName = Exclude<keyof KeptErasures, 'v' | 'at'>;
type Fields = readonly (readonly [field: Buffer, value: Buffer])[];

const FILE = 'erased';
const STEP = 1000;
const PLACE = 'backup|erased';
const names = ['erased', 'receipts', 'erasures', 'holds'] as const satisfies readonly KeptName[];

type KeptContext = Pick<BackupContext, 'redis' | 'keys' | 'secrets' | 'folder' | 'now'>;

/**
 * Writes down, beside the data keys, who was erased: with the keys there is one version of it, the latest, whichever copy of
 * the backup is put back. What an earlier file says stays, since this Redis may be one that lost something. By who holds the
 * lock `commit`.
 */
export async function writeErasures({ redis, keys, secrets, folder, now }: KeptContext): Promise<void> {
  const known = await readErasures({ secrets, folder });
  const [erased, receipts, erasures, holds] = await Promise.all(names.map(async (name) => readHash(redis, keys[name]))) as [Fields, Fields, Fields, Fields]; // one for each name
  const done = new Set(receipts.map(([id]) => id.toString('latin1')));
  const kept: KeptErasures = {
    v: 1,
    at: now(),
    erased: toText(latest([...fromText(known?.erased), ...erased])),
    receipts: toText([...new Map([...fromText(known?.receipts), ...receipts].map((one) => [one[0].toString('latin1'), one])).values()]),
    erasures: toText(erasures.filter(([id]) => !done.has(id.toString('latin1')))),
    holds: toText(holds),
  };
  await writeWhole(folder.keyFile(FILE), secrets.fields.seal(PLACE, JSON.stringify(kept)));
}

/** The same at any time, where there is a backup. For an erasure or a hold: a restore knows of it from then on. */
export async function keepErasures(context: KeptContext): Promise<void> {
  const { folder } = context;
  if ((await folder.readHead()) === undefined) return;
  await folder.locked('commit', async () => writeErasures(context));
}

/**
 * Puts back what an older backup does not know: whoever was erased since stays so, an erasure that was under way is gone on
 * with, and holds are those that there were. Safe to repeat.
 * @param finishedAt ms: when the backup was
 */
export async function restoreErasures({ redis, keys }: Pick<KeptContext, 'redis' | 'keys'>, kept: KeptErasures | undefined, finishedAt: number): Promise<void> {
  if (kept === undefined) return;
  await restoreErased(redis, keys, fromText(kept.erased));
  const receipts = fromText(kept.receipts);
  await writeFields(redis, keys.receipts, receipts);
  for (const [id] of receipts) await redis.hdel(keys.erasures, id);
  await writeFields(redis, keys.erasures, fromText(kept.erasures));
  if (kept.at < finishedAt) return;
  await redis.del(keys.holds);
  await writeFields(redis, keys.holds, fromText(kept.holds));
}

/** Of what is there and what comes the later time, and the greater number, counts. */
export async function restoreErased(redis: RedisClient, { erased }: Pick<Keys, 'erased'>, fields: Fields): Promise<void> {
  await writeFields(redis, erased, latest([...(await readHash(redis, erased)), ...fields]));
}

/** @returns undefined where none was written yet. @throws BackupError `BACKUP_DAMAGED`; KeyError when the key is not there */
export async function readErasures({ secrets, folder }: Pick<KeptContext, 'secrets' | 'folder'>): Promise<KeptErasures | undefined> {
  const sealed = await readFile(folder.keyFile(FILE)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (sealed === undefined) return undefined;
  try {
    return keptSchema.parse(JSON.parse(secrets.fields.open(PLACE, sealed)));
  } catch (cause) {
    if (cause instanceof KeyError && cause.code === 'SEAL_BROKEN') throw damaged('the list of who was erased, in the folder of keys, is not what was written', { cause });
    throw cause;
  }
}

async function readHash(redis: RedisClient, key: string): Promise<Fields> {
  const fields: (readonly [Buffer, Buffer])[] = [];
  let cursor = '0';
  do {
    const [next, found] = await redis.hscanBuffer(key, cursor, 'COUNT', STEP);
    for (let place = 0; place < found.length; place += 2) fields.push([found[place]!, found[place + 1]!]); // fields and values by turns
    cursor = next.toString();
  } while (cursor !== '0');
  return fields;
}

function latest(fields: Fields): Fields {
  const byField = new Map<string, readonly [Buffer, Buffer]>();
  for (const one of fields) {
    const name = one[0].toString('latin1');
    const known = byField.get(name);
    if (known === undefined || Number(one[1].toString()) > Number(known[1].toString())) byField.set(name, one);
  }
  return [...byField.values()];
}

function toText(fields: Fields): KeptErasures[KeptName] {
  return fields.map(([field, value]) => [field.toString('base64'), value.toString('base64')]);
}

function fromText(text: KeptErasures[KeptName] = []): Fields {
  return text.map(([field, value]) => [Buffer.from(field, 'base64'), Buffer.from(value, 'base64')] as const);
}
