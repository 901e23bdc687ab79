import { createHash } from 'node:crypto';

import { z } from 'zod';

import type { FieldSealer } from '../../security/FieldSealer.js';
import { damaged } from './damaged.js';

const whole = z.number().int().min(0);
const fileSchema = z.strictObject({ bytes: whole, sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const manifestSchema = z.strictObject({
  format: z.literal(1),
  run: whole,
  kind: z.enum(['full', 'incremental', 'erasure']),
  /** The run that this one goes on from; 0 for a full one. */
  base: whole,
  /** ms since 1970. What was stored after it may be absent. */
  startedAt: whole,
  finishedAt: whole,
  prefix: z.string(),
  /** Which public key the store is sealed to. Not secret. */
  publicId: z.string(),
  /** Of everything that the run leads to, its own and earlier ones. */
  totals: z.strictObject({ events: whole, samples: whole, chunks: whole, bytes: whole, cells: whole }),
  /** Batches that waited in the queues when it began: they are in no backup. */
  waiting: whole,
  /** Runs whose marks of seen ids belong to this state, and how many there are of each series at most. */
  marks: z.strictObject({ runs: z.array(whole), since: whole, counts: z.record(z.string(), whole) }),
  /** Runs that the index leads to. */
  runs: z.array(whole),
  /** Hours that an erasure changed. */
  touched: z.array(z.string()),
  files: z.strictObject({ blocks: fileSchema, cells: fileSchema, marks: fileSchema, index: fileSchema }),
});

/** What a run of a backup holds, sealed: whoever has no key cannot make one up. */
export type Manifest = z.output<typeof manifestSchema>;
export type RunKind = Manifest['kind'];

const signedSchema = z.strictObject({ manifest: manifestSchema, seal: z.string() });

export function encodeManifest(manifest: Manifest, sealer: FieldSealer): string {
  const seal = sealer.seal(placeOf(manifest.run), digestOf(manifest)).toString('base64');
  return `${JSON.stringify({ manifest, seal }, undefined, 1)}\n`;
}

/**
 * @throws BackupError `BACKUP_DAMAGED` when it cannot be read; KeyError when it is not what a holder of the key wrote
 */
export function decodeManifest(text: string, run: number, sealer: FieldSealer): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged('a manifest cannot be read', { cause });
  }
  const parsed = signedSchema.safeParse(json);
  if (!parsed.success || parsed.data.manifest.run !== run) throw damaged('a manifest cannot be read');
  const { manifest, seal } = parsed.data;
  if (sealer.open(placeOf(run), Buffer.from(seal, 'base64')) !== digestOf(manifest)) throw damaged('a manifest is not what was sealed');
  return manifest;
}

function placeOf(run: number): string {
  return `backup manifest|${run}`;
}

/** Of the members in the order of the schema, so that the same manifest has the same digest when it is read again. */
function digestOf(manifest: Manifest): string {
  return createHash('sha256').update(JSON.stringify(manifestSchema.parse(manifest))).digest('hex');
}
