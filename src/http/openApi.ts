import { z } from 'zod';

import { purposes } from '../contract/access.js';
import { ownRelease } from '../monitoring/release.js';
import { fieldsOption, whereOption } from '../queries/events/eventOptions.js';
import { tagFilterSchema } from '../queries/metrics/tagFilter.js';
import { apiOperations, type ApiOperation } from './operations.js';
import { namedSchemas } from './schemas.js';

type Json = Record<string, unknown>;

const refTo = (name: string): string => `#/components/schemas/${name}`;
const problem = (description: string): Json => ({ description, content: { 'application/problem+json': { schema: { $ref: refTo('Problem') } } } });

/** The API in OpenAPI 3.1, made of the schemas that the service parses with. */
export function describeApi(): Json {
  const named = new Map<z.ZodType, string>(Object.entries(namedSchemas).map(([name, schema]) => [schema, name]));
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of named) registry.add(schema, { id });
  for (const operation of apiOperations) for (const [schema, id] of schemasOf(operation)) if (!named.has(schema)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', unrepresentable: 'any', uri: refTo, override: ({ zodSchema, jsonSchema }) => describeCustom(zodSchema, jsonSchema as Json) });
  const components = Object.fromEntries(Object.entries(schemas).map(([name, { $schema: _schema, $id: _id, ...schema }]) => [name, schema]));
  const nameOf = (schema: z.ZodType): string => named.get(schema) ?? registry.get(schema)?.id ?? '';
  const paths: Record<string, Json> = {};
  for (const operation of apiOperations) paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: pathOf(operation, nameOf) };
  return {
    openapi: '3.1.0',
    info: { title: 'analytics-service', version: ownRelease().version, summary: 'Events and metrics, as one actor may track and see them', license: { name: 'MIT', identifier: 'MIT' } },
    security: [{ bearer: [] }],
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A JWT or an API key' } }, schemas: components },
  };
}

/** Bodies and answers of an operation, by the names that they get. */
function schemasOf(operation: ApiOperation): [z.ZodType, string][] {
  const name = idOf(operation);
  const parts: [z.ZodType, string][] = operation.body === undefined ? [] : [[operation.body, `${name}Body`]];
  return [...parts, [operation.kind === 'stream' ? operation.line : operation.answer, `${name}Answer`]];
}

/** `POST /v1/metrics/tag-values` → `metricsTagValues`. */
function idOf({ path }: ApiOperation): string {
  return path.slice('/v1/'.length).replace(/[/-](\w)/g, (_all, letter: string) => letter.toUpperCase());
}

function pathOf(operation: ApiOperation, nameOf: (schema: z.ZodType) => string): Json {
  const content = (type: string, schema: z.ZodType): Json => ({ [type]: { schema: { $ref: refTo(nameOf(schema)) } } });
  const answers: Json =
    operation.kind === 'stream'
      ? { 200: { description: 'A line of JSON each, in one of chunks: a connection that ends without the last chunk was cut off', content: content('application/x-ndjson', operation.line) } }
      : operation.kind === 'track'
        ? {
            202: { description: 'Taken: Redis has acknowledged it', content: content('application/json', operation.answer) },
            207: { description: 'Of an array, some were refused: a result for each, in order', content: { 'application/json': { schema: { $ref: refTo('Results') } } } },
          }
        : { 200: { description: 'The answer', content: content('application/json', operation.answer) } };
  return {
    operationId: idOf(operation),
    summary: operation.summary,
    parameters: [
      {
        name: 'Analytics-Purpose', in: 'header', required: false,
        description: 'What the data are wanted for. It is recorded; an API key has its own.',
        schema: { type: 'string', enum: purposes.filter((purpose) => purpose !== 'application'), default: 'operations' },
      },
    ],
    ...(operation.body !== undefined && { requestBody: { required: true, content: content('application/json', operation.body) } }),
    responses: {
      ...answers,
      400: problem('Refused as it is; `issues` has every bad field'),
      401: problem('Without a credential, or with one that is not good'),
      403: problem('The actor may not do this'),
      ...(operation.path === '/v1/events/get' && { 404: problem('There is no such event for this actor') }),
      ...(operation.body !== undefined && { 413: problem('The body is too large'), 415: problem('The body is no JSON') }),
      422: problem('It takes more than the budget'),
      429: problem('Too many credentials of this address were refused'),
      503: problem('Too much to do, or the store is away: try again after Retry-After'),
      504: problem('No answer in time'),
    },
  };
}

/** What the service checks by functions of its own, in place of the nothing that zod knows of it. */
function describeCustom(schema: unknown, json: Json): void {
  const described = schema === whereOption ? { $ref: refTo('EventFilter') } : schema === fieldsOption ? { $ref: refTo('SelectedFields') } : undefined;
  const replacement = schema === tagFilterSchema ? withoutSchema(z.toJSONSchema(tagFilterSchema.out, { io: 'input', unrepresentable: 'any' })) : described;
  if (replacement === undefined) return;
  for (const key of Object.keys(json)) delete json[key];
  Object.assign(json, replacement);
}

function withoutSchema({ $schema: _schema, ...rest }: Json): Json {
  return rest;
}
