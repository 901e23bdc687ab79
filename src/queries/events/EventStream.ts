import { z } from 'zod';

import type { Event } from '../../contract/event.js';
import { AccessError } from '../../errors/AccessError.js';
import { orderOption, scanOptions, selectOption } from './eventOptions.js';
import type { EventQueryContext } from './EventQueryContext.js';
import { showsTheSame } from './EventView.js';
import { openScan } from './openScan.js';
import { parseEventQuery, type ParsedQuery } from './parseEventQuery.js';
import type { Position } from './Position.js';
import type { PartialEvent } from './Projection.js';
import { readPage } from './readPage.js';

export const streamEventsOptionsSchema = z
  .strictObject({ ...scanOptions, select: selectOption, order: orderOption.default('asc') })
  // A stream ends where the range does, or where its reader does.
  .omit({ budget: true });

/** What `streamEvents` takes. */
export type StreamEventsOptions = z.input<typeof streamEventsOptionsSchema>;

/** Events of a page: a few MB of objects. */
const PAGE = 2000;

/** All events of a range, a page at a time. As long as an event is there, it comes exactly once: see `queryEvents`. */
export class EventStream {
  readonly #context: EventQueryContext;
  readonly #query: ParsedQuery<z.output<typeof streamEventsOptionsSchema>>;
  #after: Position | undefined;
  /** Where the page ends that was read last. */
  #ahead: Position | undefined;
  #isAtEnd = false;

  /** @throws ValidationError with every bad option */
  constructor(given: StreamEventsOptions, context: EventQueryContext) {
    this.#context = context;
    this.#query = parseEventQuery(streamEventsOptionsSchema, given, context);
  }

  /**
   * The next events, which may be none; undefined at the end. Until they are `taken`, the same place is read again.
   * @param page what may be shown now, and who is told whose events they are
   * @throws AccessError when what may be shown has changed since the stream began
   */
  async next({ view, trace }: Pick<EventQueryContext, 'view' | 'trace'>): Promise<(Event | PartialEvent)[] | undefined> {
    if (this.#isAtEnd) return undefined;
    if (!showsTheSame(view, this.#context.view, this.#query.options.type)) throw new AccessError('events.read', 'changed', 'What the actor may see has changed since the stream began. Start it again.');
    const { options, filter, projection } = this.#query;
    const scan = openScan({ ...this.#context, trace }, options, options.order, filter, this.#after);
    const { events, next } = await readPage(scan, { skip: 0, limit: PAGE }, projection);
    this.#ahead = next;
    return events;
  }

  /** The page that was read last was given out: the next one comes behind it. */
  taken(): void {
    this.#after = this.#ahead;
    this.#isAtEnd = this.#ahead === undefined;
  }
}
