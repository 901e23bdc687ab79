/**
 * What one event or metric sample may be. The table in docs/validation.md holds them too, and a test compares the two.
 */
export const limits = {
  /** UTF-8 bytes of one event's `properties` and `metadata` together, as JSON. */
  eventBytes: 32 * 1024,
  /** Levels of nesting inside `properties` or `metadata`; the object itself is level 1. */
  depth: 16,
  /** Keys of `properties` and `metadata` together, counting those of nested objects. */
  keys: 512,
  /** UTF-16 units of one key. */
  keyLength: 128,
  /** Items of one array. */
  arrayLength: 1024,
  /** UTF-16 units of an event's `id`. */
  eventIdLength: 128,
  /** UTF-16 units of `userId` and `sessionId`. */
  subjectLength: 256,
  /** UTF-16 units of an event type's name; it also has to match `[a-z][a-z0-9_]*`. */
  eventTypeLength: 64,
  /** UTF-16 units of a metric's name. */
  metricNameLength: 256,
  /** Tags of one sample. */
  tags: 32,
  /** UTF-16 units of a tag's key. */
  tagKeyLength: 128,
  /** UTF-16 units of a tag's value. */
  tagValueLength: 512,
  /** Items that one list of metrics, tags or tag values holds. */
  listSize: 1000,
  /** UTF-16 units of a regular expression that a query of metrics compares tags with. */
  tagPatternLength: 512,
  /** Milliseconds that an event's time may lie ahead of the clock. */
  aheadMs: 24 * 60 * 60 * 1000,
  /** Events of one batch. An id holds the place in the batch in 12 bits. */
  batchSize: 4096,
  /** Events that one `getEvents` returns. */
  pageSize: 10_000,
  /** Levels of nesting in a query's filter; a single condition is level 1. */
  filterDepth: 16,
  /** Conditions of a filter, each `and`, `or` and `not` counted as one. */
  filterNodes: 256,
  /** Values of one `in`. */
  filterListLength: 1024,
  /** UTF-16 units of a text that a filter compares with. */
  filterTextLength: 4096,
  /** Members that a query's `select` names. */
  selectedFields: 256,
} as const;
