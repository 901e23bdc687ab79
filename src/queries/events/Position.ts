/** A place between two events, in the order of (time, offset): behind the event of that time and offset. */
export interface Position {
  readonly time: number;
  readonly offset: number;
}

/** The place in front of all events of a time, seen in the direction of a query. */
export function before(time: number, order: 'asc' | 'desc'): Position {
  return { time, offset: order === 'asc' ? 0 : Number.MAX_SAFE_INTEGER };
}
