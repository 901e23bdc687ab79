import { z } from 'zod';

import type { DataClass } from '../contract/dataClasses.js';
import type { EventTypes } from '../contract/eventTypes.js';
import { AccessError } from '../errors/AccessError.js';
import { ValidationError } from '../errors/ValidationError.js';
import { parseOptions } from '../queries/parseOptions.js';
import { classifyKey } from '../security/guard/classifyKey.js';

/** Of fewer people somebody might be recognised. It can only be raised. */
export const LEAST_PEOPLE = 11;
/** Groupings of the rows double with each field. */
const MOST_FIELDS = 6;
const FIRST_YEAR = 1970;
const LAST_YEAR = 9999;

const year = z.number().int().min(FIRST_YEAR).max(LAST_YEAR);
export const exportOptionsSchema = z.strictObject({
  type: z.string().min(1),
  fields: z
    .array(z.string().regex(/^(priority|(properties|metadata)(\.[^.]+)+)$/))
    .max(MOST_FIELDS)
    .refine((fields) => new Set(fields).size === fields.length),
  internal: z.boolean().default(false),
  time: z.enum(['year', 'hourOfDay', 'none']).default('year'),
  fromYear: year.optional(),
  toYear: year.optional(),
  minimum: z.number().int().min(LEAST_PEOPLE).max(1_000_000).default(LEAST_PEOPLE),
  persons: z.boolean().default(true),
  format: z.enum(['ndjson', 'csv']).default('ndjson'),
});

const ALLOWED = {
  type: 'the name of a known event type',
  fields: `at most ${MOST_FIELDS} different paths: priority, properties.<member>, metadata.<member>`,
  internal: 'true or false',
  time: 'year, hourOfDay, none',
  fromYear: `a year from ${FIRST_YEAR} to ${LAST_YEAR}`,
  toYear: `a year from ${FIRST_YEAR} to ${LAST_YEAR}`,
  minimum: `a whole number from ${LEAST_PEOPLE} to 1,000,000`,
  persons: 'true or false',
  format: 'ndjson, csv',
};

/** What `exportDeidentified` takes. See docs/deidentified-export.md. */
export type DeidentifiedExportOptions = z.input<typeof exportOptionsSchema>;

/** A member that is exported. */
export interface ExportedField {
  readonly name: string;
  readonly path: readonly string[];
}

export interface ExportPlan extends Omit<z.output<typeof exportOptionsSchema>, 'fields' | 'fromYear' | 'toYear'> {
  readonly fields: readonly ExportedField[];
  /** ms since 1970, both included: whole years, so that two exports cannot be told apart by a day. */
  readonly startTime: number | undefined;
  readonly endTime: number | undefined;
}

/**
 * @throws ValidationError with every bad option; AccessError for a type that a law of its own protects, and for a member that
 *   is not on the list of what may be exported
 */
export function planExport(options: DeidentifiedExportOptions, types: EventTypes): ExportPlan {
  const { fields, fromYear, toYear, ...rest } = parseOptions('de-identified export', exportOptionsSchema, options, ALLOWED);
  if (types.get(rest.type) === undefined) throw new ValidationError('de-identified export', [{ path: 'type', given: 'a name that is not known', allowed: ALLOWED.type }]);
  if (types.classesOf(rest.type).labels.size > 0) {
    throw new AccessError('export.deidentified', 'label', 'Events of this type are protected by a law of their own and are in no such export.', 'type');
  }
  const shown: ReadonlySet<DataClass> = new Set<DataClass>(rest.internal ? ['public', 'internal'] : ['public']);
  const planned = fields.map((name): ExportedField => {
    const path = name.split('.');
    if (!shown.has(types.classOf(rest.type, path))) {
      throw new AccessError('export.deidentified', 'field', `A member has to be declared public, or internal with the option "internal", to be exported.`, name);
    }
    // A name that tells of a person, a device or a place below the state, whatever somebody declared.
    const byName = path.slice(1).map((key) => classifyKey(key, undefined));
    if (byName.some((found) => found !== undefined && found.test === undefined)) {
      throw new AccessError('export.deidentified', 'field', 'Its name says that it identifies somebody: 45 CFR 164.514(b)(2) does not allow it.', name);
    }
    return { name, path };
  });
  return {
    ...rest,
    fields: planned,
    startTime: fromYear === undefined ? undefined : Date.UTC(fromYear, 0),
    endTime: toYear === undefined ? undefined : Date.UTC(toYear + 1, 0) - 1,
  };
}
