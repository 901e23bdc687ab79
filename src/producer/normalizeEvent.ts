import { types as kinds } from 'node:util';

import type { TypeClasses } from '../contract/dataClasses.js';
import { EventPriority } from '../contract/EventPriority.js';
import type { EventTypeDefinition, EventTypes } from '../contract/eventTypes.js';
import type { JsonObject } from '../contract/json.js';
import { limits } from '../contract/limits.js';
import { ValidationError } from '../errors/ValidationError.js';
import type { Guard } from '../security/guard/Guard.js';
import { offGuard } from '../security/guard/offGuard.js';
import type { KnownJson, KnownMetadata } from './KnownMetadata.js';
import { ObjectNormalizer } from './normalizeObject.js';
import { toJson } from './normalizeJson.js';
import { checkTime, optionalText } from './validateField.js';
import { isPlainObject, IssueList, kindOf, pathOf } from './validateIssues.js';
import { readMember } from './validateMember.js';
import { applySchema } from './validateSchema.js';

export interface NormalizeEventOptions {
  readonly types: EventTypes;
  readonly guard: Guard;
  /** Milliseconds since 1970: the time of an event that carries none. */
  readonly now: number;
  /** What this guard let pass lately, with these types. Default: all metadata is looked at anew. */
  readonly knownMetadata?: KnownMetadata;
}

/** An event that is fit to be sent: checked, guarded, and without any reference to what the caller holds. */
export interface NormalizedEvent {
  /** The caller's id, if one was given. */
  readonly id: string | undefined;
  readonly type: string;
  readonly priority: EventPriority;
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  /** Whole milliseconds since 1970. */
  readonly timestamp: number;
  /** JSON only: the objects that it was made of would outlive the call, at 1 µs of garbage collection an event. */
  readonly propertiesJson: string;
  readonly metadataJson: string | undefined;
  /** UTF-8 bytes of both JSON texts. */
  readonly bytes: number;
}

const SUBJECT = 'event';
const priorities: readonly unknown[] = Object.values(EventPriority);

/**
 * Checks, guards and copies what `trackEvent` was given. docs/validation.md says what becomes of every odd value.
 * @throws ValidationError, and nothing else, with every bad field
 */
export function normalizeEvent(input: unknown, options: NormalizeEventOptions): NormalizedEvent {
  const issues = new IssueList();
  try {
    return normalize(input, options, issues);
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    // A trap of a proxy, or the guard: what it could not judge is not sent. The error itself may hold values.
    issues.add(SUBJECT, 'data that could not be read or guarded', 'plain data');
    throw issues.toError(SUBJECT);
  }
}

function normalize(input: unknown, options: NormalizeEventOptions, issues: IssueList): NormalizedEvent {
  const { types, guard, now } = options;
  if (typeof input !== 'object' || input === null || Array.isArray(input) || !isPlainObject(input)) {
    issues.add(SUBJECT, kindOf(input), 'a plain object');
    throw issues.toError(SUBJECT);
  }

  const given = readFields(input, issues);
  const { type, priority, timestamp } = given;
  const definition = typeof type === 'string' ? types.get(type) : undefined;
  if (definition === undefined) {
    issues.add('type', typeof type === 'string' ? 'an unknown type' : kindOf(type), types.names().join(', '));
  }
  if (priority !== undefined && !priorities.includes(priority)) {
    issues.add('priority', kindOf(priority), priorities.join(', '));
  }

  const classes = types.classesOf(definition?.name ?? '');
  const objects = new ObjectNormalizer(issues, guard, classes);
  const properties = copyProperties(objects, given.properties, definition, issues);
  objects.timestamp = undefined;
  const metadata = given.metadata === undefined ? undefined : writeMetadata(objects, given.metadata, classes, options.knownMetadata, issues);
  // `objects` remembers the time in what it copied last.
  const inMetadata = objects.timestamp;

  const time = timeOf(timestamp, inMetadata, now, issues);
  const id = optionalText('id', given.id, limits.eventIdLength, issues);
  const userId = optionalText('userId', given.userId, limits.subjectLength, issues);
  const sessionId = optionalText('sessionId', given.sessionId, limits.subjectLength, issues);
  issues.throwIfAny(SUBJECT);

  const propertiesJson = toJson(properties);
  const bytes = Buffer.byteLength(propertiesJson) + (metadata?.bytes ?? 0);
  if (bytes > limits.eventBytes) {
    issues.add('properties and metadata', `${bytes} bytes as JSON`, `${limits.eventBytes} bytes together`);
    throw issues.toError(SUBJECT);
  }
  // Field by field: a spread would cost 2 µs, more than all of the above.
  return {
    id,
    type: definition?.name ?? '',
    // Checked above: one of the four.
    priority: (priority as EventPriority | undefined) ?? definition?.priority ?? EventPriority.NORMAL,
    userId,
    sessionId,
    timestamp: time,
    propertiesJson,
    metadataJson: metadata?.json,
    bytes,
  };
}

interface Fields {
  id: unknown;
  type: unknown;
  priority: unknown;
  userId: unknown;
  sessionId: unknown;
  properties: unknown;
  metadata: unknown;
  timestamp: unknown;
}

/** Reads each field once, and own ones only: nothing is taken from a prototype. */
function readFields(input: object, issues: IssueList): Fields {
  const fields: Fields = {
    id: undefined,
    type: undefined,
    priority: undefined,
    userId: undefined,
    sessionId: undefined,
    properties: undefined,
    metadata: undefined,
    timestamp: undefined,
  };
  for (const key of Object.keys(input)) {
    const value = readMember(input, key);
    if (Object.hasOwn(fields, key)) fields[key as keyof Fields] = value;
    else if (value !== undefined) issues.add(pathOf([key]), 'an unknown field', Object.keys(fields).join(', '));
  }
  return fields;
}

function timeOf(timestamp: unknown, inMetadata: unknown, now: number, issues: IssueList): number {
  if (timestamp !== undefined) return checkTime('timestamp', timestamp, now, issues);
  return inMetadata === undefined ? now : checkTime('metadata.timestamp', inMetadata, now, issues);
}

/** Metadata as JSON. What was wrong with it is added to `issues`; the JSON then is not to be used. */
function writeMetadata(
  objects: ObjectNormalizer,
  given: unknown,
  classes: TypeClasses,
  known: KnownMetadata | undefined,
  issues: IssueList,
): Omit<KnownJson, 'keys'> {
  const members = known !== undefined && isFlatCandidate(given) ? known.read(given) : undefined;
  const found = members && known?.find(members, classes);
  if (found !== undefined && objects.takesKeys(found.keys)) return found;
  const before = issues.count;
  const copy = objects.copy('metadata', given, { members });
  if (issues.count > before) return { json: '', bytes: 0 };
  const json = toJson(copy);
  const written = { json, bytes: Buffer.byteLength(json) };
  if (members !== undefined && found === undefined) known?.add(members, classes, copy, written);
  return written;
}

/** Whether it is an object that can be looked at without running code of the caller's that the walk would not run. */
function isFlatCandidate(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !kinds.isProxy(given) && !Array.isArray(given) && isPlainObject(given);
}

function copyProperties(
  objects: ObjectNormalizer,
  given: unknown,
  definition: EventTypeDefinition | undefined,
  issues: IssueList,
): JsonObject {
  if (definition?.schema === undefined) return given === undefined ? {} : objects.copy('properties', given);
  // A schema judges what the caller gave, so it comes before the guard; what it makes of it is walked again.
  const before = issues.count;
  const copy = objects.copy('properties', given ?? {}, { guard: offGuard });
  if (issues.count > before) return {};
  const parsed = applySchema(definition.schema, copy, issues);
  if (parsed === undefined) return {};
  objects.restart();
  return objects.copy('properties', parsed);
}
