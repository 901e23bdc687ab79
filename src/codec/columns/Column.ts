import type { JsonValue } from '../../contract/json.js';

/**
 * One column of a chunk, decoded: row r holds `values[indexes[r]]`, which is undefined where the row has no such member.
 * A filter is evaluated once for each value, not once for each row.
 */
export interface Column {
  readonly values: readonly (JsonValue | undefined)[];
  readonly indexes: Uint8Array | Uint16Array;
}

/** A column of an event chunk. Members of `properties` and `metadata` have one each, whatever is nested in them. */
export type ColumnName = 'time' | 'offset' | 'id' | 'priority' | 'user' | 'session' | `properties.${string}` | `metadata.${string}`;
