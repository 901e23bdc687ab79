import { pathOf } from '../../producer/validateIssues.js';
import type { EventView } from './EventView.js';
import type { ParsedFilter } from './filter/parseFilter.js';

const DAY_MS = 86_400_000;

/** What a query asks for, checked already. */
export interface Question {
  readonly options: {
    readonly type?: string | undefined;
    readonly startTime?: number | undefined;
    readonly endTime?: number | undefined;
    readonly interval?: string | undefined;
    readonly timezone?: string | undefined;
    readonly budget?: { readonly events?: number | undefined } | undefined;
  };
  /** What the asker wrote: the conditions of the options and `where`. */
  readonly conditions: readonly ParsedFilter[];
  /** Whether events are given, and not only counts of them. */
  readonly givesEvents: boolean;
}

/**
 * Refuses what a view does not answer: a filter tells of a member as much as the member itself, and a range of the time
 * within it. Rows are shown with their year, so ranges of rows are years, and those of counts are days.
 * @throws what `view.refuse` throws
 */
export function keepToView(view: EventView, { options, conditions, givesEvents }: Question): void {
  const { type, startTime, endTime, interval, timezone = 'UTC' } = options;
  if (type !== undefined && !view.mayRead(type)) view.refuse('label', 'Events of this type are protected by a law of their own; the actor needs its label.', 'type');
  // Where it ends tells how many events of others there are.
  if (options.budget?.events !== undefined) view.refuse('range', 'A budget of events is for the application; give one of ms.', 'budget');
  const shown = view.shown(type);
  if (shown === undefined) return;
  for (const { fields } of conditions) {
    for (const keys of fields) if (!shown.mayCompare(keys)) view.refuse('field', 'The actor may not see this member, and so not ask by it.', pathOf(keys));
  }
  const isEdge = givesEvents ? isStartOfYear : isStartOfDay;
  const allowed = givesEvents ? 'a year' : 'a day';
  if (startTime !== undefined && !isEdge(startTime)) view.refuse('range', `The range has to begin with ${allowed}, in UTC.`, 'startTime');
  if (endTime !== undefined && !isEdge(endTime + 1)) view.refuse('range', `The range has to end with the last millisecond of ${allowed}, in UTC.`, 'endTime');
  if (interval !== undefined && interval !== 'day') view.refuse('range', 'Counts are told by the day.', 'interval');
  if (interval !== undefined && timezone !== 'UTC') view.refuse('range', 'Days are those of UTC.', 'timezone');
}

/** The time of an event as it is shown where nobody may be identified: when its year began, UTC. */
export function startOfYear(time: number): number {
  // Date.UTC takes the years 0 to 99 for those of the last century.
  return new Date(0).setUTCFullYear(new Date(time).getUTCFullYear(), 0, 1);
}

function isStartOfYear(time: number): boolean {
  return startOfYear(time) === time;
}

function isStartOfDay(time: number): boolean {
  return time % DAY_MS === 0;
}
