/** Checked by the compiler, never run: what queries of events promise at compile time. */
import { z } from 'zod';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { EventType, type AnalyticsService, type EventFilter } from '../../src/index.js';

declare const service: AnalyticsService;
const MOOD_ENTRY = createEventTypes().define('mood_entry', { schema: z.object({ score: z.number(), note: z.string().optional() }) });

export async function typesOfWholeEvents(): Promise<void> {
  const [entry] = await service.getEvents({ type: MOOD_ENTRY, where: { field: 'properties.score', gt: 5 } });
  const score: number | undefined = entry?.properties.score;
  const page = await service.queryEvents({ type: MOOD_ENTRY });
  const other: number | undefined = page.events[0]?.properties.score;
  const cursor: string | undefined = page.cursor;
  for await (const event of service.streamEvents({ type: MOOD_ENTRY })) {
    const streamed: number = event.properties.score;
    void streamed;
  }
  const found = await service.getEvent('id', { type: MOOD_ENTRY });
  const id: string | undefined = found?.id;
  void [score, other, cursor, id];
}

export async function typesOfSelectedMembers(): Promise<void> {
  const [entry] = await service.getEvents({ type: MOOD_ENTRY, select: ['id', 'properties.score'] });
  const score: number | undefined = entry?.properties?.score;
  // @ts-expect-error what was selected may not be all
  void entry?.properties.score;
  // @ts-expect-error no member of an event
  await service.getEvents({ type: MOOD_ENTRY, select: ['score'] });
  const { events } = await service.queryEvents({ type: EventType.PAGE_VIEW, select: [['properties', 'a.b']] });
  const id: string | undefined = events[0]?.id;
  void [score, id];
}

export const filters: EventFilter[] = [
  { and: [{ field: 'userId', eq: 'a' }, { or: [] }, { not: { field: ['properties', 'a.b'], in: [1, 'a', null] } }] },
  { field: 'timestamp', gte: 1, lt: 2 },
  // @ts-expect-error no member of an event
  { field: 'user', eq: 'a' },
  // @ts-expect-error no value that a condition compares with
  { field: 'properties.at', gt: new Date() },
  // @ts-expect-error an unknown operator
  { field: 'userId', like: 'a' },
];
