import { setMember } from '../../codec/columns/jsonText.js';
import { ANY_MEMBER, type DataClass, type MemberClass, type TypeClasses } from '../../contract/dataClasses.js';
import type { JsonObject, JsonValue } from '../../contract/json.js';

/** Fields that tell nothing of a person. Ids are unique codes and hold the time; the time is shown by its year. */
const plainFields: ReadonlySet<string> = new Set(['type', 'priority']);

/** Which members of the events of a type are shown to those who may not identify anybody: an allow-list. */
export class ShownMembers {
  readonly #roots: Readonly<Record<string, MemberClass>>;
  readonly #classes: ReadonlySet<DataClass>;

  constructor({ properties, metadata }: Pick<TypeClasses, 'properties' | 'metadata'>, classes: ReadonlySet<DataClass>) {
    this.#roots = { properties, metadata };
    this.#classes = classes;
  }

  /** Whether events may be compared by the member at `keys`: the whole of it has to be shown. */
  mayCompare(keys: readonly string[]): boolean {
    const place = this.#placeOf(keys);
    return place === undefined ? keys.length === 1 && plainFields.has(keys[0]!) : !place.isTree && this.#classes.has(place.class);
  }

  /** Whether something of the member at `keys` may be shown. */
  maySelect(keys: readonly string[]): boolean {
    const place = this.#placeOf(keys);
    if (place === undefined) return keys.length === 1 && (plainFields.has(keys[0]!) || keys[0] === 'timestamp');
    return this.#showsBelow(place);
  }

  /** The members of `properties` or `metadata` of which something is shown; undefined when only an event's own members tell which. */
  namesOf(root: 'properties' | 'metadata'): readonly string[] | undefined {
    const place = this.#roots[root]!;
    if (!place.isTree) return this.#classes.has(place.class) ? undefined : [];
    if (this.#showsBelow(place.member(ANY_MEMBER))) return undefined;
    return place.names.filter((name) => this.#showsBelow(place.member(name)));
  }

  /** What is shown of the value at `keys`; undefined for nothing. */
  shownOf(keys: readonly string[], value: JsonValue): JsonValue | undefined {
    const place = this.#placeOf(keys);
    return place === undefined ? value : this.#prune(place, value);
  }

  #prune(place: MemberClass, value: JsonValue): JsonValue | undefined {
    if (!place.isTree) return this.#classes.has(place.class) ? value : undefined;
    if (typeof value !== 'object' || value === null) return undefined;
    // The items of an array have the class of the array.
    if (Array.isArray(value)) return value.map((item: JsonValue) => this.#prune(place, item)).filter((item) => item !== undefined);
    const shown: Record<string, JsonValue> = {};
    for (const [key, member] of Object.entries(value as JsonObject)) {
      const part = member === undefined ? undefined : this.#prune(place.member(key), member);
      if (part !== undefined) setMember(shown, key, part);
    }
    return shown;
  }

  /** The place of a member of `properties` or `metadata`, or of one of the two; undefined for a field. */
  #placeOf([root, ...below]: readonly string[]): MemberClass | undefined {
    const start = root !== undefined && Object.hasOwn(this.#roots, root) ? this.#roots[root] : undefined;
    return start && below.reduce((place, key) => place.member(key), start);
  }

  #showsBelow(place: MemberClass): boolean {
    if (!place.isTree) return this.#classes.has(place.class);
    return [...place.names, ANY_MEMBER].some((name) => this.#showsBelow(place.member(name)));
  }
}
