import { z } from 'zod';

/** What JSON can hold. Members that are `undefined` are left out, as JSON does. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

export const jsonValueSchema: z.ZodType<JsonValue, JsonValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(jsonValueSchema), jsonObjectSchema]),
);

export const jsonObjectSchema: z.ZodType<JsonObject, JsonObject> = z.record(z.string(), jsonValueSchema.optional());

/** A string that UTF-8 can carry: no half of a surrogate pair stands alone. */
export function textSchema(maxLength: number, minLength = 1) {
  return z
    .string()
    .min(minLength)
    .max(maxLength)
    .refine((text) => text.isWellFormed(), 'a lone surrogate cannot be stored');
}

/** Whole milliseconds since 1970. */
export const timeSchema = z.number().int().nonnegative();
