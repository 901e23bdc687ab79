import { z } from 'zod';

import { queueTitles } from '../../queues/names.js';
import { limits } from '../contract/limits.js';
import { parseOptions } from '../queries/parseOptions.js';
import { failureCodes } from './failureCode.js';
import { decodePosition } from './position.js';

const MOST_IDS = 1000;
const DEFAULT_LIMIT = 100;
const REASON_LENGTH = 500;

const id = z.string().min(1).max(200);
const queue = z.enum(queueTitles).optional();
const cursor = z.string().max(1000).transform(decodePosition).optional();
/** Who decides: a word, as in the records of drops and of audit. */
const actor = z.string().regex(/^[\w.:/@+=~-]{1,128}$/);

const filter = { queue, reason: z.enum(failureCodes).optional(), cursor };
const listSchema = z.strictObject({ ...filter, limit: z.number().int().min(1).max(limits.listSize).default(DEFAULT_LIMIT) });
const allSchema = z.strictObject({ ...filter, all: z.literal(true) });
const idsSchema = z.strictObject({ ids: z.array(id).min(1).max(MOST_IDS) });
const inspectSchema = z.strictObject({ id, actor });
const retrySchema = z.strictObject({ actor: actor.default('unnamed') });
const dropSchema = z.strictObject({ actor: actor.default('unnamed'), reason: z.string().trim().min(1).max(REASON_LENGTH) });

const ACTOR = '1 to 128 letters, digits and . : / @ + = ~ _ -';
const allowed = {
  id: 'the id of a job, 1 to 200 characters',
  ids: `1 to ${MOST_IDS} ids of jobs, each 1 to 200 characters`,
  all: 'true, instead of ids',
  queue: queueTitles.join(', '),
  reason: 'one of the codes of docs/api.md',
  cursor: 'a cursor that a call before gave',
  limit: `a whole number from 1 to ${limits.listSize}`,
  actor: ACTOR,
};
const only = (...names: (keyof typeof allowed)[]) => Object.fromEntries(names.map((name) => [name, allowed[name]]));

/** What `list` takes. */
export type ListDeadLettersOptions = z.input<typeof listSchema>;
/** Which dead letters a decision is about: one, some, or all of a filter. */
export type DeadLetterSelection = string | readonly string[] | z.input<typeof allSchema>;
/** Who looks into a dead letter; it is recorded. */
export interface InspectDeadLetterOptions {
  readonly actor: string;
}
/** Who decides; it is recorded. */
export type RetryDeadLettersOptions = z.input<typeof retrySchema>;
/** Who decides, and why: both are kept, sealed. */
export type DropDeadLettersOptions = z.input<typeof dropSchema>;

export type ParsedFilter = z.output<typeof allSchema>;

export function parseList(options: unknown): z.output<typeof listSchema> {
  return parseOptions('list of dead letters', listSchema, options, only('queue', 'reason', 'cursor', 'limit'));
}

export function parseInspect(idGiven: unknown, options: unknown): z.output<typeof inspectSchema> {
  return parseOptions('reading of a dead letter', inspectSchema, withFields(options, { id: idGiven }), only('id', 'actor'));
}

export function parseSelection(selection: unknown): { readonly ids: readonly string[] } | ParsedFilter {
  if (typeof selection === 'string' || Array.isArray(selection)) {
    const ids = typeof selection === 'string' ? [selection] : selection;
    return parseOptions('selection of dead letters', idsSchema, { ids }, only('ids'));
  }
  return parseOptions('selection of dead letters', allSchema, selection, only('all', 'queue', 'reason', 'cursor'));
}

export function parseRetry(options: unknown): z.output<typeof retrySchema> {
  return parseOptions('retrying of dead letters', retrySchema, options, only('actor'));
}

export function parseDrop(options: unknown): z.output<typeof dropSchema> {
  return parseOptions('dropping of dead letters', dropSchema, options, { actor: ACTOR, reason: `why, in 1 to ${REASON_LENGTH} characters` });
}

/** Who a call says it is for; undefined where it does not say, or says no word. */
export function parseActor(options: unknown): string | undefined {
  return z.object({ actor }).safeParse(options).data?.actor;
}

function withFields(options: unknown, fields: object): unknown {
  return typeof options === 'object' && options !== null && !Array.isArray(options) ? { ...options, ...fields } : options;
}
