import { z } from 'zod';
import { ValidationError, type FieldIssue } from '../errors/ValidationError.js';
import { EventPriority } from './EventPriority.js';
import { EventType } from './EventType.js';
import type { JsonObject } from './json.js';
import { limits } from './limits.js';

/** A schema for the `properties` of an event type. It has to take and give a plain JSON object, and be synchronous. */
export type PropertiesSchema = z.ZodType<object, object>;

// Only types use it: the value that `defineEventType` returns is the plain name.
declare const shape: unique symbol;

/** The name of a defined event type, which remembers what its `properties` are. At run time it is the name alone. */
export type DefinedEventType<Name extends string = string, In = unknown, Out = unknown> = Name & {
  readonly [shape]: { readonly in: In; readonly out: Out };
};

/** Whatever may stand as `type`: a built-in type, a defined one, or its bare name (checked when it is tracked). */
export type EventTypeName = string;

/** How `properties` of a `Type` are given: required in the schema's shape, or any optional object. */
export type PropertiesIn<Type> = Type extends { readonly [shape]: { readonly in: infer In } }
  ? { readonly properties: In }
  : { readonly properties?: JsonObject | undefined };

/** What `properties` of a `Type` are when they are read. */
export type PropertiesOut<Type> = Type extends { readonly [shape]: { readonly out: infer Out } } ? Out : JsonObject;

export interface EventTypeOptions<Schema extends PropertiesSchema = PropertiesSchema> {
  /** What `properties` have to be. Default: any object. Whether undeclared members are dropped or refused is the schema's choice. */
  readonly schema?: Schema;
  /** Priority of events that carry none. Default: `normal`. */
  readonly priority?: EventPriority;
  /** Days that events of this type are kept. Default: the service's `retentionDays`. */
  readonly retentionDays?: number;
}

export interface EventTypeDefinition {
  readonly name: string;
  readonly schema: PropertiesSchema | undefined;
  readonly priority: EventPriority;
  readonly retentionDays: number | undefined;
}

/** The event types that a service knows. */
export interface EventTypes {
  get(name: string): EventTypeDefinition | undefined;
  /** Every known name, the built-in ones first. */
  names(): readonly string[];
  /**
   * Adds a type. Defining it again with the same shape is allowed, since a module may be loaded twice.
   * @throws ValidationError for a bad name or option, a built-in name, or another shape under a known name.
   */
  define<const Name extends string, Schema extends PropertiesSchema = z.ZodType<JsonObject, JsonObject>>(
    name: Name,
    options?: EventTypeOptions<Schema>,
  ): DefinedEventType<Name, z.input<Schema>, z.output<Schema>>;
}

/** A name of an event type: `[a-z][a-z0-9_]*`, at most 64 characters. */
export const eventTypeNamePattern = new RegExp(`^[a-z][a-z0-9_]{0,${limits.eventTypeLength - 1}}$`);
const builtIn: readonly string[] = Object.values(EventType);
const priorities: readonly string[] = Object.values(EventPriority);

/** Makes a registry that knows the eight built-in types. */
export function createEventTypes(): EventTypes {
  const definitions = new Map<string, EventTypeDefinition>(
    builtIn.map((name) => [name, { name, schema: undefined, priority: EventPriority.NORMAL, retentionDays: undefined }]),
  );

  return {
    get: (name) => definitions.get(name),
    names: () => [...definitions.keys()],
    define(name, options = {}) {
      const definition: EventTypeDefinition = {
        name,
        schema: options.schema,
        priority: options.priority ?? EventPriority.NORMAL,
        retentionDays: options.retentionDays,
      };
      const issues = problemsOf(definition, definitions.get(name));
      if (issues.length > 0) throw new ValidationError('event type definition', issues);
      if (!definitions.has(name)) definitions.set(name, Object.freeze(definition));
      // The name carries its shape for the compiler only; `never` fits whatever shape the signature states.
      return name as DefinedEventType<typeof name, never, never>;
    },
  };
}

function problemsOf(given: EventTypeDefinition, known: EventTypeDefinition | undefined): FieldIssue[] {
  const issues: FieldIssue[] = [];
  const refuse = (path: string, was: string, allowed: string) => issues.push({ path, given: was, allowed });

  if (typeof given.name !== 'string' || !eventTypeNamePattern.test(given.name)) {
    refuse('name', typeof given.name === 'string' ? 'another string' : typeof given.name, `[a-z][a-z0-9_]*, at most ${limits.eventTypeLength} characters`);
  } else if (builtIn.includes(given.name)) {
    refuse('name', `the built-in type ${given.name}`, 'a name that is not built in');
  } else if (known !== undefined && !sameShape(given, known)) {
    refuse('name', `${given.name} with another schema, priority or retention than before`, 'one definition per name');
  }
  if (given.schema !== undefined && typeof given.schema?.safeParse !== 'function') refuse('schema', typeof given.schema, 'a zod schema');
  if (!priorities.includes(given.priority)) refuse('priority', typeof given.priority, priorities.join(', '));
  if (given.retentionDays !== undefined && !(Number.isFinite(given.retentionDays) && given.retentionDays > 0)) {
    refuse('retentionDays', typeof given.retentionDays, 'a number of days above 0');
  }
  return issues;
}

function sameShape(one: EventTypeDefinition, other: EventTypeDefinition): boolean {
  if (one.priority !== other.priority || one.retentionDays !== other.retentionDays) return false;
  if (one.schema === other.schema) return true;
  if (one.schema === undefined || other.schema === undefined) return false;
  // Refinements are functions and cannot be compared: two schemas that differ in them alone count as the same.
  return outline(one.schema) === outline(other.schema);
}

function outline(schema: PropertiesSchema): string {
  return JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }));
}
