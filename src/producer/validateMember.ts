/** Stands for a member whose getter threw. Being a symbol, it is refused wherever data is expected. */
export const UNREADABLE: unique symbol = Symbol('unreadable');

/** A member's value, read once: a second read of a getter or a proxy could give another. */
export function readMember(source: object, key: string | number): unknown {
  try {
    return (source as Readonly<Record<string | number, unknown>>)[key];
  } catch {
    return UNREADABLE;
  }
}
