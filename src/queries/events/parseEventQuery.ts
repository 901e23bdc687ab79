import type { z } from 'zod';

import { ValidationError } from '../../errors/ValidationError.js';
import { isPlainObject, IssueList, kindOf } from '../../producer/validateIssues.js';
import { readMember, UNREADABLE } from '../../producer/validateMember.js';
import { parseOptions } from '../parseOptions.js';
import { ALLOWED } from './eventOptions.js';
import { ownerFilter, type EventView } from './EventView.js';
import { keepToView, type Question } from './keepToView.js';
import { allOf, parseFilter, type ParsedFilter } from './filter/parseFilter.js';
import { parseSelect, Projection } from './Projection.js';
import { shownProjection } from './shownProjection.js';

const SUBJECT = 'query of events';

/** What a query is checked against. */
export interface QueryRules {
  readonly isKnownType: (type: string) => boolean;
  readonly view?: EventView | undefined;
}

export interface ParsedQuery<Options> {
  readonly options: Options;
  /** `where`, the options that are conditions themselves, and what the view is kept to: all of them have to hold. */
  readonly filter: ParsedFilter | undefined;
  readonly projection: Projection | undefined;
}

/**
 * Checks what a query of events was given. Every option is read once.
 * @param further options that were given by themselves
 * @throws ValidationError with every bad option, and no word of what was given
 */
export function parseEventQuery<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  given: unknown,
  { isKnownType, view }: QueryRules,
  further: Readonly<Record<string, unknown>> = {},
): ParsedQuery<z.output<typeof schema>> {
  const issues = new IssueList();
  const members = membersOf(given);
  if (members === undefined) throw new ValidationError(SUBJECT, [{ path: 'options', given: kindOf(given), allowed: 'a plain object' }]);
  Object.assign(members, further);
  const names = Object.keys(schema.shape);
  const has = (name: string): unknown => (names.includes(name) ? members[name] : undefined);
  if (typeof members['budget'] === 'object') members['budget'] = membersOf(members['budget']) ?? UNREADABLE;
  const where = has('where') === undefined ? undefined : parseFilter(has('where'), issues);
  const select = parseSelect(has('select'), issues);
  const type = has('type');
  if (typeof type === 'string' && !isKnownType(type)) issues.add('type', 'an unknown type', ALLOWED.type);

  const allowed = Object.fromEntries(Object.entries(ALLOWED).filter(([name]) => names.includes(name)));
  let options: z.output<typeof schema>;
  try {
    options = parseOptions(SUBJECT, schema, members, allowed);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    throw new ValidationError(SUBJECT, [...error.issues, ...issues.toError(SUBJECT).issues]);
  }
  issues.throwIfAny(SUBJECT);

  const conditions: ParsedFilter[] = ['userId', 'sessionId', 'priority'].flatMap((field) =>
    has(field) === undefined ? [] : [parseFilter({ field, eq: has(field) }, issues)!],
  );
  if (where !== undefined) conditions.push(where);
  if (view === undefined) return { options, filter: allOf(conditions), projection: select && new Projection(select) };

  const givesEvents = names.includes('select');
  keepToView(view, { options: options as Question['options'], conditions, givesEvents }); // of these the schemas are made
  const kept = ownerFilter(view);
  return { options, filter: allOf(kept === undefined ? conditions : [kept, ...conditions]), projection: shownProjection(view, type, select, givesEvents) };
}

/** Own members, each read once; undefined where it is no plain object. */
function membersOf(given: unknown): Record<string, unknown> | undefined {
  try {
    if (typeof given !== 'object' || given === null || !isPlainObject(given)) return undefined;
    return Object.fromEntries(Object.keys(given).map((key) => [key, readMember(given, key)]));
  } catch {
    return undefined; // a trap of a proxy
  }
}
