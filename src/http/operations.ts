import type { z } from 'zod';

import { exportOptionsSchema } from '../export/exportPlan.js';
import { definedAggregations } from '../insights/aggregation/aggregations.js';
import type { ActorService } from '../lib/services/analytics/ActorService.js';
import { countEventsByOptionsSchema } from '../queries/counts/countEventsBy.js';
import { countUsersOptionsSchema } from '../queries/counts/countUsers.js';
import { countEventsOptionsSchema } from '../queries/events/countEvents.js';
import { streamEventsOptionsSchema } from '../queries/events/EventStream.js';
import { getEventOptionsSchema } from '../queries/events/getEvent.js';
import { queryEventsOptionsSchema } from '../queries/events/queryEvents.js';
import { aggregateOptionsSchema } from '../queries/metrics/aggregateOptions.js';
import { getMetricsOptionsSchema } from '../queries/metrics/getMetrics.js';
import { listMetricsOptionsSchema } from '../queries/metrics/listMetrics.js';
import { listTagsOptionsSchema, listTagValuesOptionsSchema } from '../queries/metrics/listTags.js';
import { HttpError } from './HttpError.js';
import { membersOf } from './membersOf.js';
import { readSamples } from './readSamples.js';
import * as schemas from './schemas.js';
import { trackBody, type Tracked } from './trackBody.js';

interface Described {
  readonly method: 'GET' | 'POST';
  /** Without anything that varies: a URL ends in logs, so it names neither a person nor what is asked about them. */
  readonly path: `/v1/${string}`;
  readonly summary: string;
  /** The schema that the service itself parses the body with: for the description, and used for nothing else here. */
  readonly body?: z.ZodType;
}

/** Answered with one JSON document. */
interface DocumentOperation extends Described {
  readonly kind: 'document';
  readonly answer: z.ZodType;
  readonly run: (actor: ActorService, body: unknown) => Promise<unknown>;
}

/** Tracks, and answers with what became of it. */
interface TrackOperation extends Described {
  readonly kind: 'track';
  readonly answer: z.ZodType;
  readonly run: (actor: ActorService, body: unknown) => Promise<Tracked>;
}

/** Answered line by line, as fast as the client reads. */
interface StreamOperation extends Described {
  readonly kind: 'stream';
  readonly line: z.ZodType;
  readonly typeOf: (body: unknown) => string;
  readonly open: (actor: ActorService, body: unknown) => AsyncGenerator<string, unknown, undefined>;
}

export type ApiOperation = DocumentOperation | TrackOperation | StreamOperation;

/** As each method of the service checks what it is given, itself, whatever it is. */
const unchecked = (body: unknown): never => body as never;

const NDJSON = 'application/x-ndjson';

/** Everything that is served: each is one call of the service, in its words. What is not in here is not there. */
export const apiOperations: readonly ApiOperation[] = [
  {
    kind: 'track', method: 'POST', path: '/v1/events', summary: 'Track one event, or an array of them',
    body: schemas.eventsBodySchema, answer: schemas.trackedEventSchema,
    run: (actor, body) => trackBody(body, (event) => actor.trackEvent(unchecked(event)).then((id) => ({ id })), (events) => actor.trackEvents(unchecked(events))),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/events/query', summary: 'A page of events',
    body: queryEventsOptionsSchema, answer: schemas.eventPageSchema,
    run: (actor, body) => actor.queryEvents(unchecked(body)),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/events/get', summary: 'The event with an id',
    body: getEventOptionsSchema, answer: schemas.shownEventSchema,
    run: async (actor, body) => {
      const { id, ...options } = membersOf(body);
      const event = await actor.getEvent(unchecked(id), options);
      if (event === undefined) throw new HttpError('NOT_FOUND', 'There is no such event, or it is nothing that the actor may see.');
      return event;
    },
  },
  {
    kind: 'stream', method: 'POST', path: '/v1/events/stream', summary: 'All events of a range, a line each',
    body: streamEventsOptionsSchema, line: schemas.shownEventSchema, typeOf: () => NDJSON,
    open: async function* (actor, body) {
      for await (const event of actor.streamEvents(unchecked(body))) yield `${JSON.stringify(event)}\n`;
    },
  },
  {
    kind: 'stream', method: 'POST', path: '/v1/events/export', summary: 'Rows that identify nobody, for analysts',
    body: exportOptionsSchema, line: schemas.rowSchema, typeOf: (body) => (membersOf(body)['format'] === 'csv' ? 'text/csv; charset=utf-8' : NDJSON),
    open: (actor, body) => actor.exportDeidentified(unchecked(body)),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/events/count', summary: 'How many events there are',
    body: countEventsOptionsSchema, answer: schemas.eventCountSchema,
    run: async (actor, body) => ({ count: await actor.countEvents(unchecked(body)) }),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/events/count-by', summary: 'Events by minute, hour or day',
    body: countEventsByOptionsSchema, answer: schemas.eventCountsSchema,
    run: async (actor, body) => ({ counts: await actor.countEventsBy(unchecked(body)) }),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/users/count', summary: 'Different users by day, week or month',
    body: countUsersOptionsSchema, answer: schemas.userCountsSchema,
    run: async (actor, body) => ({ counts: await actor.countUsers(unchecked(body)) }),
  },
  {
    kind: 'track', method: 'POST', path: '/v1/metrics', summary: 'Track one sample of a metric, or an array of them',
    body: schemas.metricsBodySchema, answer: schemas.takenSchema,
    run: (actor, body) => trackBody(body, (sample) => actor.trackMetric(unchecked(sample)).then(() => ({})), (samples) => actor.trackMetrics(unchecked(samples))),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/metrics/query', summary: 'Samples of a metric',
    body: getMetricsOptionsSchema, answer: schemas.samplesSchema,
    run: readSamples,
  },
  {
    kind: 'document', method: 'POST', path: '/v1/metrics/aggregate', summary: 'Statistics of a metric',
    body: aggregateOptionsSchema(definedAggregations), answer: schemas.aggregatesSchema,
    run: (actor, body) => actor.aggregateMetrics(unchecked(body)),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/metrics/names', summary: 'The metrics that there are',
    body: listMetricsOptionsSchema, answer: schemas.metricNamesSchema,
    run: async (actor, body) => ({ metrics: await actor.listMetrics(unchecked(body)) }),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/metrics/tags', summary: 'The tags that a metric has',
    body: listTagsOptionsSchema, answer: schemas.tagNamesSchema,
    run: async (actor, body) => ({ tags: await actor.listTags(unchecked(body)) }),
  },
  {
    kind: 'document', method: 'POST', path: '/v1/metrics/tag-values', summary: 'The values that a tag has',
    body: listTagValuesOptionsSchema, answer: schemas.tagValuesSchema,
    run: async (actor, body) => ({ values: await actor.listTagValues(unchecked(body)) }),
  },
  {
    kind: 'document', method: 'GET', path: '/v1/stats', summary: 'How queues, sockets and system fare',
    answer: schemas.statsSchema,
    run: (actor) => actor.getStats(),
  },
];
