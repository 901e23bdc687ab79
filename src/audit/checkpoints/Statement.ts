import { hash as hashOf } from 'node:crypto';

import { z } from 'zod';

import type { AuditKeys } from '../../security/AuditKeys.js';

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const seq = z.number().int().min(0);
const chain = z.string().min(1).max(64);
const signer = {
  v: z.literal(1),
  /** Who signed: one log of one process, and its how manieth statement this is, from 1. */
  writer: z.string(),
  n: z.number().int().min(1),
  at: z.number().int(),
  /** Which keys: 8 hex digits. */
  key: z.string(),
  /** SHA-256 of a line before this one; 64 zeros in the first file. */
  previous: hex,
};

/** One line of a file of checkpoints. */
export const statementSchema = z.discriminatedUnion('kind', [
  /** The signer appended the records `from` to `to`; `hash` is the last one's. `marks`: the first 4 bytes of each one's hash, base64. */
  z.strictObject({ kind: z.literal('records'), ...signer, chain, from: seq, to: seq, hash: hex, marks: z.string() }),
  /** Where chains ended that others write to, as the signer saw it: those that changed since it last said so. */
  z.strictObject({ kind: z.literal('heads'), ...signer, heads: z.array(z.tuple([chain, seq, hex])) }),
  /** The signer removed the records up to `to` for their age; `hash` is that one's. */
  z.strictObject({ kind: z.literal('trimmed'), ...signer, chain, to: seq, hash: hex }),
]);

export type Statement = z.output<typeof statementSchema>;
type Unsigned<Kind> = Kind extends Statement ? Omit<Kind, keyof typeof signer> : never;
/** What a statement says, apart from who signs it. */
export type Claim = Unsigned<Statement>;

export const MARK_BYTES = 4;
export const FIRST_LINE_PREVIOUS = '0'.repeat(64);

/** A statement as a line: its JSON, a tab, the signature of these very bytes (base64url). */
export function signLine(statement: Statement, keys: AuditKeys): string {
  const text = JSON.stringify(statement);
  return `${text}\t${keys.sign(Buffer.from(text)).toString('base64url')}`;
}

export type LineFault = 'malformed' | 'unknown key' | 'bad signature';

/** What a line says, or what is wrong with it. */
export function readLine(line: string, keys: AuditKeys): { readonly statement: Statement } | { readonly fault: LineFault } {
  const [text = '', signature] = line.split('\t');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { fault: 'malformed' };
  }
  const parsed = statementSchema.safeParse(json);
  if (!parsed.success || signature === undefined) return { fault: 'malformed' };
  if (parsed.data.key !== keys.id.toString('hex')) return { fault: 'unknown key' };
  return keys.isSigned(Buffer.from(text), Buffer.from(signature, 'base64url')) ? { statement: parsed.data } : { fault: 'bad signature' };
}

/** What the next line names as `previous`. */
export function hashOfLine(line: string): string {
  return hashOf('sha256', line, 'hex');
}
