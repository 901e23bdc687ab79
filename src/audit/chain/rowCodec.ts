import type { ByteReader } from '../../codec/columns/ByteReader.js';
import type { ByteWriter } from '../../codec/columns/ByteWriter.js';
import type { AuditOutcome } from '../AuditLog.js';
import type { AuditContent } from '../AuditRecord.js';
import { words } from '../words.js';
import { malformed } from './malformed.js';

export const OUTCOMES: readonly AuditOutcome[] = ['allowed', 'denied', 'failed'];
export const PSEUDONYM_BYTES = 8;

/** A known word is its place here, from 1; 0 stands for absent; other text is its length from 128 on, and its bytes. */
const codes = new Map(words.map((word, place) => [word, place + 1]));
const TEXT = 128;

/** @returns undefined for a word that is written as text */
export function wordCode(word: string): number | undefined {
  return codes.get(word);
}

/** One record's content, 20 to 40 bytes. `earliest` is what times are counted from. */
export function writeRow(writer: ByteWriter, content: AuditContent, earliest: number): void {
  const { at, actor, count, subjects = [] } = content;
  writer.signed(at - earliest);
  writer.byte(OUTCOMES.indexOf(content.outcome));
  writeWord(writer, content.operation);
  writeWord(writer, content.purpose);
  writeWord(writer, actor.subject);
  writeWord(writer, actor.via);
  writer.unsigned(actor.roles.length);
  for (const role of actor.roles) writeWord(writer, role);
  writeWord(writer, content.series);
  writeWord(writer, content.origin);
  writeWord(writer, content.reason);
  writer.unsigned(count === undefined ? 0 : count + 1);
  writer.unsigned(subjects.length);
  if (subjects.length > 0) writer.bytes(bytesOf(subjects));
}

/** A page that is read again has the list of before: see `PseudonymLists`. */
const known = new WeakMap<readonly string[], Buffer>();

function bytesOf(subjects: readonly string[]): Buffer {
  let bytes = known.get(subjects);
  if (bytes === undefined) {
    bytes = Buffer.alloc(PSEUDONYM_BYTES * subjects.length);
    for (const [place, pseudonym] of subjects.entries()) bytes.write(pseudonym, PSEUDONYM_BYTES * place, PSEUDONYM_BYTES, 'base64url');
    known.set(subjects, bytes);
  }
  return bytes;
}

/** @throws AnalyticsError `STORE_INCONSISTENT` */
export function readRow(reader: ByteReader, earliest: number): AuditContent {
  const at = earliest + reader.signed();
  const outcome = OUTCOMES[reader.byte()];
  if (outcome === undefined) throw malformed('it has an outcome that is none');
  const operation = neededWord(reader);
  const purpose = neededWord(reader);
  const subject = neededWord(reader);
  const via = neededWord(reader);
  const roles = Array.from({ length: reader.unsigned() }, () => neededWord(reader));
  const series = readWord(reader);
  const origin = readWord(reader);
  const reason = readWord(reader);
  const countAndOne = reader.unsigned();
  const subjects = Array.from({ length: reader.unsigned() }, () => reader.bytes(PSEUDONYM_BYTES).toString('base64url'));
  return {
    at,
    actor: { roles, subject, via },
    ...(countAndOne > 0 && { count: countAndOne - 1 }),
    operation,
    ...(origin !== undefined && { origin }),
    outcome,
    purpose,
    ...(reason !== undefined && { reason }),
    ...(series !== undefined && { series }),
    ...(subjects.length > 0 && { subjects }),
  };
}

function writeWord(writer: ByteWriter, text: string | undefined): void {
  const code = text === undefined ? 0 : codes.get(text);
  if (code !== undefined) {
    writer.unsigned(code);
    return;
  }
  const bytes = Buffer.from(text!); // undefined has a code
  writer.unsigned(bytes.length + TEXT);
  writer.bytes(bytes);
}

function readWord(reader: ByteReader): string | undefined {
  const code = reader.unsigned();
  if (code === 0) return undefined;
  if (code >= TEXT) return reader.bytes(code - TEXT).toString('utf8');
  const word = words[code - 1];
  if (word === undefined) throw malformed('it has a word that this version does not know');
  return word;
}

function neededWord(reader: ByteReader): string {
  const word = readWord(reader);
  if (word === undefined) throw malformed('it lacks a word');
  return word;
}
