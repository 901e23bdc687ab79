/**
 * A member of an event: by its name, dots going down nested objects (`properties.cart.total`), or by its keys one by one,
 * for keys that hold dots themselves (`['properties', 'cart.total']`).
 */
export type EventField =
  | 'id'
  | 'userId'
  | 'sessionId'
  | 'priority'
  | 'timestamp'
  | `properties.${string}`
  | `metadata.${string}`
  | readonly string[];

export type FilterValue = string | number | boolean | null;

/**
 * A condition on one member; with several operators all have to hold. Types are strict: 1 is never '1'. A member that the
 * event does not have passes `exists: false` and `ne`, and nothing else. See docs/api.md.
 */
export interface FieldCondition {
  readonly field: EventField;
  readonly eq?: FilterValue | undefined;
  /** Exactly where `eq` does not hold: also where there is no such member. */
  readonly ne?: FilterValue | undefined;
  /** Numbers with numbers, texts with texts by UTF-16 code units; so are the other three. */
  readonly gt?: number | string | undefined;
  readonly gte?: number | string | undefined;
  readonly lt?: number | string | undefined;
  readonly lte?: number | string | undefined;
  /** Equal to one of them. */
  readonly in?: readonly FilterValue[] | undefined;
  /** `null` is there; a member that is left out is not. */
  readonly exists?: boolean | undefined;
  /** The text that a text begins with. */
  readonly prefix?: string | undefined;
  /** A part of a text, or an item of an array. */
  readonly contains?: FilterValue | undefined;
}

/** Which events a query is about. `and` of nothing holds for all, `or` of nothing for none. */
export type EventFilter =
  | { readonly and: readonly EventFilter[] }
  | { readonly or: readonly EventFilter[] }
  | { readonly not: EventFilter }
  | FieldCondition;
