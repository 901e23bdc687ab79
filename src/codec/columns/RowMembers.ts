import type { JsonObject, JsonValue } from '../../contract/json.js';
import type { Column } from './Column.js';
import { copyJson, jsonText, setMember } from './jsonText.js';
import { malformed } from './malformed.js';
import { memberNames, type MemberName, type Shape } from './memberColumns.js';

/** A member of a shape: its column, or its place among the values that the row keeps in `rest`. */
interface Member {
  readonly key: string;
  /** The key as it stands in JSON, with the colon. */
  readonly keyText: string;
  readonly name: MemberName;
  /** -1 when it has a column. */
  readonly restPlace: number;
  /** Set when it is first read. */
  column: Column | undefined;
  /** JSON of the column's values, as far as it was made. */
  texts: (string | undefined)[] | undefined;
}

interface ShapeMembers {
  readonly properties: readonly Member[];
  readonly metadata: readonly Member[] | undefined;
}

/** Puts rows' properties and metadata together from their columns, with members in the order in which they came. */
export class RowMembers {
  readonly #shapes: readonly ShapeMembers[];
  readonly #shapeOf: Column['indexes'];
  readonly #rest: Column | undefined;
  readonly #columnOf: (name: MemberName) => Column;
  readonly #texts = new Map<Column, (string | undefined)[]>();

  /**
   * @param shapes the column `shape`
   * @param rest the column `rest`, if there is one
   * @param hasColumn whether a member has a column of its own
   * @param columnOf that column: asked for when a row needs it
   * @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content
   */
  constructor(shapes: Column, rest: Column | undefined, hasColumn: (name: MemberName) => boolean, columnOf: (name: MemberName) => Column) {
    this.#shapes = shapes.values.map((value) => membersOf(value, hasColumn));
    this.#columnOf = columnOf;
    this.#shapeOf = shapes.indexes;
    this.#rest = rest;
  }

  /** New objects: whoever gets them may change them. */
  read(row: number): { properties: JsonObject; metadata: JsonObject | undefined } {
    const { properties, metadata } = this.#shape(row);
    return { properties: this.#object(properties, row), metadata: metadata && this.#object(metadata, row) };
  }

  /** The same as JSON text, as `JSON.stringify` writes it. */
  readText(row: number): { properties: string; metadata: string } {
    const { properties, metadata } = this.#shape(row);
    return { properties: this.#text(properties, row), metadata: metadata === undefined ? '' : this.#text(metadata, row) };
  }

  /** What each row has of a member that has no column of its own. */
  restOf(name: MemberName): (JsonValue | undefined)[] {
    const isIt = (member: Member): boolean => member.name === name;
    const members = this.#shapes.map(({ properties, metadata }) => properties.find(isIt) ?? metadata?.find(isIt));
    return Array.from(this.#shapeOf, (shape, row) => {
      const member = members[shape];
      return member === undefined ? undefined : this.#value(member, row);
    });
  }

  #shape(row: number): ShapeMembers {
    const shape = this.#shapes[this.#shapeOf[row] ?? -1];
    if (shape === undefined) throw new RangeError(`There is no row ${row}.`);
    return shape;
  }

  #object(members: readonly Member[], row: number): JsonObject {
    const object: Record<string, JsonValue> = {};
    for (const member of members) setMember(object, member.key, copyJson(this.#value(member, row)));
    return object;
  }

  #text(members: readonly Member[], row: number): string {
    let text = '';
    for (const member of members) text += (text === '' ? '{' : ',') + member.keyText + this.#valueText(member, row);
    return text === '' ? '{}' : `${text}}`;
  }

  #value(member: Member, row: number): JsonValue {
    const column = this.#columnOfMember(member);
    const value = column === undefined ? this.#restValues(row)[member.restPlace] : column.values[column.indexes[row]!];
    if (value === undefined) throw malformed('a row lacks a member of its shape');
    return value;
  }

  /** A value's JSON, made once for each value of a column. */
  #valueText(member: Member, row: number): string {
    const value = this.#value(member, row);
    const column = this.#columnOfMember(member);
    if (column === undefined) return jsonText(value);
    if (member.texts === undefined) {
      member.texts = this.#texts.get(column) ?? [];
      this.#texts.set(column, member.texts);
    }
    return (member.texts[column.indexes[row]!] ??= jsonText(value));
  }

  #columnOfMember(member: Member): Column | undefined {
    if (member.restPlace >= 0) return undefined;
    return (member.column ??= this.#columnOf(member.name));
  }

  #restValues(row: number): readonly JsonValue[] {
    const values = this.#rest?.values[this.#rest.indexes[row]!];
    if (!Array.isArray(values)) throw malformed('a row lacks its rest');
    return values as readonly JsonValue[]; // parsed JSON
  }
}

function membersOf(value: JsonValue | undefined, hasColumn: (name: MemberName) => boolean): ShapeMembers {
  if (!isShape(value)) throw malformed('a shape is wrong');
  let restPlace = 0;
  const [properties, metadata] = value;
  const keys = metadata === null ? properties : [...properties, ...metadata];
  const members = memberNames(value).map((name, place): Member => {
    const key = keys[place]!;
    return { key, keyText: `${JSON.stringify(key)}:`, name, restPlace: hasColumn(name) ? -1 : restPlace++, column: undefined, texts: undefined };
  });
  return { properties: members.slice(0, properties.length), metadata: metadata === null ? undefined : members.slice(properties.length) };
}

function isShape(value: unknown): value is Shape {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [properties, metadata] = value as unknown[];
  return isKeys(properties) && (metadata === null || isKeys(metadata));
}

function isKeys(value: unknown): boolean {
  return Array.isArray(value) && value.every((key) => typeof key === 'string');
}
