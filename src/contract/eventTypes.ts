import { z } from 'zod';
import { ValidationError, type FieldIssue } from '../errors/ValidationError.js';
import { builtInClasses } from './builtInClasses.js';
import { compileClasses, problemsOfDeclaration } from './compileClasses.js';
import { fieldClasses, undeclaredClass, type ClassesFor, type DataClass, type Declaration, type TypeClasses } from './dataClasses.js';
import { EventPriority } from './EventPriority.js';
import { EventType } from './EventType.js';
import { joinDeclarations } from './joinDeclarations.js';
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

export interface EventTypeOptions<Schema extends PropertiesSchema = PropertiesSchema> extends Declaration<ClassesFor<z.output<Schema>>> {
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
  /** What was declared of its members; undefined when nothing was. `classesOf` has the whole of it. */
  readonly declaration?: Declaration | undefined;
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
  /**
   * Declares members of a built-in type besides those that it has, or gives them another class. Before the first event of
   * that type is tracked; declaring the same again is allowed.
   * @throws ValidationError for a name that is not built in, a bad declaration, or one that contradicts an earlier one.
   */
  declare(name: string, declaration: Declaration): void;
  /** What is declared of a type's members; of a type that nobody knows, nothing. */
  classesOf(name: string): TypeClasses;
  /** The class of a field or member, by its path: `['userId']`, `['properties', 'device', 'id']`. What nobody declared is `phi`. */
  classOf(name: string, path: readonly string[]): DataClass;
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
  const classes = new Map<string, TypeClasses>(Object.entries(builtInClasses).map(([name, declaration]) => [name, compileClasses(declaration)]));
  const added = new Map<string, Declaration>();

  return {
    get: (name) => definitions.get(name),
    names: () => [...definitions.keys()],
    define(name, options = {}) {
      const definition: EventTypeDefinition = {
        name,
        schema: options.schema,
        priority: options.priority ?? EventPriority.NORMAL,
        retentionDays: options.retentionDays,
        declaration: declarationOf(options),
      };
      const issues = problemsOf(definition, definitions.get(name));
      if (issues.length > 0) throw new ValidationError('event type definition', issues);
      if (!definitions.has(name)) {
        definitions.set(name, Object.freeze(definition));
        classes.set(name, compileClasses(definition.declaration ?? {}));
      }
      // The name carries its shape for the compiler only; `never` fits whatever shape the signature states.
      return name as DefinedEventType<typeof name, never, never>;
    },
    declare(name, declaration) {
      const issues = problemsOfDeclaration(declaration).map(toIssue);
      if (!builtIn.includes(name)) issues.push({ path: 'name', given: 'a type that is not built in', allowed: `${builtIn.join(', ')}; other types declare with defineEventType` });
      const merged = issues.length > 0 ? undefined : joinDeclarations(added.get(name) ?? {}, declaration, issues);
      if (merged === undefined || issues.length > 0) throw new ValidationError('declaration of a type', issues);
      added.set(name, merged);
      classes.set(name, compileClasses(joinDeclarations(builtInClasses[name as EventType], merged))); // checked above: built in
    },
    classesOf: (name) => classes.get(name) ?? nothing,
    classOf(name, [field = '', ...path]) {
      if (field !== 'properties' && field !== 'metadata') return Object.hasOwn(fieldClasses, field) ? fieldClasses[field as keyof typeof fieldClasses] : undeclaredClass;
      let place = (classes.get(name) ?? nothing)[field];
      for (const step of path) place = place.member(step);
      return place.class;
    },
  };
}

const nothing = compileClasses({});

function toIssue([path, given, allowed]: readonly [string, string, string]): FieldIssue {
  return { path, given, allowed };
}

/** The declaring part of the options; undefined if they have none. */
function declarationOf({ classes, undeclared, freeText, terms, labels }: EventTypeOptions): Declaration | undefined {
  const given = { classes, undeclared, freeText, terms, labels };
  const parts = Object.entries(given).filter(([, part]) => part !== undefined);
  return parts.length === 0 ? undefined : Object.freeze(Object.fromEntries(parts));
}

function problemsOf(given: EventTypeDefinition, known: EventTypeDefinition | undefined): FieldIssue[] {
  const issues: FieldIssue[] = [];
  const refuse = (path: string, was: string, allowed: string) => issues.push({ path, given: was, allowed });

  if (typeof given.name !== 'string' || !eventTypeNamePattern.test(given.name)) {
    refuse('name', typeof given.name === 'string' ? 'another string' : typeof given.name, `[a-z][a-z0-9_]*, at most ${limits.eventTypeLength} characters`);
  } else if (builtIn.includes(given.name)) {
    refuse('name', `the built-in type ${given.name}`, 'a name that is not built in');
  } else if (known !== undefined && !sameShape(given, known)) {
    refuse('name', `${given.name} with another schema, priority, retention or declaration than before`, 'one definition per name');
  }
  if (given.schema !== undefined && typeof given.schema?.safeParse !== 'function') refuse('schema', typeof given.schema, 'a zod schema');
  if (!priorities.includes(given.priority)) refuse('priority', typeof given.priority, priorities.join(', '));
  if (given.retentionDays !== undefined && !(Number.isFinite(given.retentionDays) && given.retentionDays > 0)) {
    refuse('retentionDays', typeof given.retentionDays, 'a number of days above 0');
  }
  if (given.declaration !== undefined) issues.push(...problemsOfDeclaration(given.declaration).map(toIssue));
  return issues;
}

function sameShape(one: EventTypeDefinition, other: EventTypeDefinition): boolean {
  if (one.priority !== other.priority || one.retentionDays !== other.retentionDays) return false;
  if (JSON.stringify(one.declaration) !== JSON.stringify(other.declaration)) return false;
  if (one.schema === other.schema) return true;
  if (one.schema === undefined || other.schema === undefined) return false;
  // Refinements are functions and cannot be compared: two schemas that differ in them alone count as the same.
  return outline(one.schema) === outline(other.schema);
}

function outline(schema: PropertiesSchema): string {
  return JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }));
}
