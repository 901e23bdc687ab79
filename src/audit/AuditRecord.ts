import { hash as hashOf } from 'node:crypto';

import type { AuditEntry, AuditOutcome } from './AuditLog.js';

/** What a record says, apart from its place in a chain. */
export interface AuditContent {
  /** ms since 1970. */
  readonly at: number;
  readonly actor: { readonly roles: readonly string[]; readonly subject: string; readonly via: string };
  readonly count?: number;
  readonly operation: string;
  readonly origin?: string;
  readonly outcome: AuditOutcome;
  readonly purpose: string;
  readonly reason?: string;
  readonly series?: string;
  /** Pseudonyms (base64url of 8 bytes), sorted, each once. */
  readonly subjects?: readonly string[];
}

/** A record in its chain. */
export interface AuditRecord extends AuditContent {
  readonly chain: string;
  /** From 1, without gaps. */
  readonly seq: number;
  /** Hash of the record before it, in hex; 64 zeros for the first. */
  readonly previous: string;
}

export const FIRST_PREVIOUS = '0'.repeat(64);

const most = { subject: 256, roles: 16, word: 128, origin: 256, reason: 2000, series: 256, subjects: 10_000 } as const;

/** A record stores one more, since 0 stands for none. */
const MOST_COUNT = Number.MAX_SAFE_INTEGER - 1;

/**
 * What is recorded of an entry. What is too long is cut rather than refused: a hostile origin must not keep a denial from
 * being recorded. Text becomes well-formed Unicode, so that it is the same when it is read back.
 */
export function contentOf(entry: AuditEntry, pseudonymsOf: (userIds: readonly string[]) => readonly string[], at: number): AuditContent {
  const { actor, count, origin, reason, series, subjects } = entry;
  // Member by member, as every read waits for it: spread together from parts that may be missing it takes three times as long.
  const content: { -readonly [Member in keyof AuditContent]: AuditContent[Member] } = {
    at,
    actor: {
      roles: actor.roles.slice(0, most.roles).map((role) => clean(role, most.word)),
      subject: clean(actor.subject, most.subject),
      via: clean(actor.via, most.word),
    },
    operation: clean(entry.operation, most.word),
    outcome: entry.outcome,
    purpose: clean(entry.purpose, most.word),
  };
  if (count !== undefined) content.count = Math.min(Math.max(0, Math.trunc(count)) || 0, MOST_COUNT);
  if (origin !== undefined) content.origin = clean(origin, most.origin);
  if (reason !== undefined) content.reason = clean(reason, most.reason);
  if (series !== undefined) content.series = clean(series, most.series);
  if (subjects !== undefined && subjects.length > 0) content.subjects = pseudonymsOf(subjects);
  return content;
}

/**
 * A record as canonical JSON (RFC 8785: members sorted, no spaces). Its SHA-256 is the record's hash, and `previous` of the
 * next one; an export has these bytes, so that anybody can check them.
 */
export function canonicalText(record: AuditRecord): string {
  return textOf(record, record);
}

/** SHA-256 in hex. */
export function hashRecord(record: AuditRecord): string {
  return hashContent(record, record);
}

/**
 * The hash of the record that this content becomes at this place, in hex: that is how the next record has it, and a text
 * weighs less on the garbage collector than a Buffer with memory of its own.
 */
export function hashContent(content: AuditContent, place: Pick<AuditRecord, 'chain' | 'seq' | 'previous'>): string {
  return hashOf('sha256', textOf(content, place));
}

/** Put together by hand: JSON.stringify of an object that is made for it takes twice as long, of each read's time. */
function textOf({ at, actor, count, operation, origin, outcome, purpose, reason, series, subjects }: AuditContent, { chain, seq, previous }: Pick<AuditRecord, 'chain' | 'seq' | 'previous'>): string {
  let text = `{"actor":{"roles":[${actor.roles.map(quote).join()}],"subject":${quote(actor.subject)},"via":${quote(actor.via)}},"at":${at},"chain":${quote(chain)}`;
  if (count !== undefined) text += `,"count":${count}`;
  text += `,"operation":${quote(operation)}`;
  if (origin !== undefined) text += `,"origin":${quote(origin)}`;
  text += `,"outcome":"${outcome}","previous":"${previous}","purpose":${quote(purpose)}`;
  if (reason !== undefined) text += `,"reason":${quote(reason)}`;
  text += `,"seq":${seq}`;
  if (series !== undefined) text += `,"series":${quote(series)}`;
  if (subjects !== undefined) text += `,"subjects":[${listed(subjects)}]`;
  return `${text},"v":1}`;
}

/** A page that is read again has the list of before: see `PseudonymLists`. */
const lists = new WeakMap<readonly string[], string>();

function listed(pseudonyms: readonly string[]): string {
  let text = lists.get(pseudonyms);
  // base64url: nothing to escape.
  if (text === undefined) lists.set(pseudonyms, (text = `"${pseudonyms.join('","')}"`));
  return text;
}

/** Printable ASCII but for the quotation mark and the backslash, which JSON leaves as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function clean(text: string, length: number): string {
  return (text.length > length ? text.slice(0, length) : text).toWellFormed();
}
