/** Checked by the compiler, never run: what `defineEventType` promises at compile time. */
import { z } from 'zod';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { type Event, type EventData } from '../../src/contract/event.js';
import { EventPriority } from '../../src/contract/EventPriority.js';
import { EventType } from '../../src/contract/EventType.js';

declare function trackEvent<const Type extends string>(data: EventData<Type>): Promise<string>;
declare function getEvents<const Type extends string>(options: { readonly type: Type }): Promise<Event<Type>[]>;

const types = createEventTypes();
const MOOD_ENTRY = types.define('mood_entry', {
  schema: z.object({ score: z.number(), note: z.string().optional(), source: z.string().default('app') }),
  priority: EventPriority.HIGH,
});
const PLAIN = types.define('plain');

export async function typesOfDefinedEventTypes(): Promise<void> {
  await trackEvent({ type: MOOD_ENTRY, properties: { score: 7 } });
  await trackEvent({ type: MOOD_ENTRY, properties: { score: 7, note: 'x', source: 'web' }, userId: 'u', metadata: { a: [1, { b: null }] } });
  // @ts-expect-error a property of another type
  await trackEvent({ type: MOOD_ENTRY, properties: { score: 'seven' } });
  // @ts-expect-error a required property is missing
  await trackEvent({ type: MOOD_ENTRY, properties: {} });
  // @ts-expect-error properties are missing
  await trackEvent({ type: MOOD_ENTRY });
  // @ts-expect-error an undeclared property
  await trackEvent({ type: MOOD_ENTRY, properties: { score: 7, mood: 'low' } });

  const [entry] = await getEvents({ type: MOOD_ENTRY });
  const score: number | undefined = entry?.properties.score;
  const source: string | undefined = entry?.properties.source;
  // @ts-expect-error what is not declared is not there
  void entry?.properties.mood;
  void [score, source];
}

export async function typesOfOtherEventTypes(): Promise<void> {
  await trackEvent({ type: EventType.CUSTOM, properties: { anything: [true, null, { deep: 1 }] } });
  await trackEvent({ type: EventType.PAGE_VIEW });
  await trackEvent({ type: PLAIN, properties: { anything: 1 }, priority: EventPriority.LOW });
  await trackEvent({ type: 'mood_entry', properties: { checkedWhenTracked: 1 }, sessionId: undefined });
  // @ts-expect-error no JSON value
  await trackEvent({ type: EventType.CUSTOM, properties: { when: new Date() } });
  // @ts-expect-error an unknown field
  await trackEvent({ type: EventType.CUSTOM, property: {} });
  // @ts-expect-error an unknown priority
  await trackEvent({ type: EventType.CUSTOM, priority: 'urgent' });

  const [event] = await getEvents({ type: EventType.CUSTOM });
  const anything: unknown = event?.properties['anything'];
  void anything;
}

// A type name stays a string, so that it can be stored, compared and sent.
export const name: string = MOOD_ENTRY;
// @ts-expect-error priorities are the four
types.define('other', { priority: 'urgent' });
