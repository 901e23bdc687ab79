import type { JsonObject, JsonValue } from '../../contract/json.js';
import type { ColumnName } from './Column.js';

/** More columns than this would cost more in fields and directory than they save. */
const MOST_COLUMNS = 64;
/** A member that less than one row in so many has gets no column of its own. */
const RARE = 100;

/** The keys of a row's properties and metadata, in order; null where there is no metadata. */
export type Shape = readonly [properties: readonly string[], metadata: readonly string[] | null];
export type MemberName = Extract<ColumnName, `${string}.${string}`>;

export interface MemberColumns {
  /** Which row is of which shape. */
  readonly shapes: readonly Shape[];
  readonly columns: ReadonlyMap<MemberName, readonly (JsonValue | undefined)[]>;
  /**
   * What no column holds: of each row the values of its other members, in the order of its shape. So a column needs no
   * other to be read, however odd some rows are. Undefined when there are none.
   */
  readonly rest: readonly (readonly JsonValue[] | undefined)[] | undefined;
}

/** A row's properties and metadata, parsed. */
export interface ParsedRow {
  readonly properties: JsonObject;
  readonly metadata: JsonObject | undefined;
}

export function memberNames([properties, metadata]: Shape): MemberName[] {
  const names = properties.map((key): MemberName => `properties.${key}`);
  return metadata === null ? names : [...names, ...metadata.map((key): MemberName => `metadata.${key}`)];
}

export function toMemberColumns(rows: readonly ParsedRow[]): MemberColumns {
  const shapes = shapesOf(rows);
  const namesOf = new Map<Shape, MemberName[]>();
  for (const shape of shapes) if (!namesOf.has(shape)) namesOf.set(shape, memberNames(shape));

  const columns = new Map<MemberName, (JsonValue | undefined)[]>();
  for (const name of frequentNames(shapes, namesOf)) columns.set(name, rows.map(() => undefined));
  const rest: (JsonValue[] | undefined)[] = rows.map(() => undefined);
  let hasRest = false;
  for (const [row, { properties, metadata }] of rows.entries()) {
    const shape = shapes[row]!;
    const names = namesOf.get(shape)!;
    const inProperties = shape[0].length;
    for (let place = 0; place < names.length; place++) {
      // Each key of the shape was read from this very object.
      const value = place < inProperties ? properties[shape[0][place]!]! : metadata![shape[1]![place - inProperties]!]!;
      const column = columns.get(names[place]!);
      if (column === undefined) {
        (rest[row] ??= []).push(value);
        hasRest = true;
      } else {
        column[row] = value;
      }
    }
  }
  return { shapes, columns, rest: hasRest ? rest : undefined };
}

/** One object for each shape: rows of one shape share it. */
function shapesOf(rows: readonly ParsedRow[]): Shape[] {
  const known = new Map<string, Shape>();
  let last: Shape | undefined;
  return rows.map(({ properties, metadata }) => {
    const shape: Shape = [Object.keys(properties), metadata === undefined ? null : Object.keys(metadata)];
    // As a rule a row has the shape of the row before it.
    if (last !== undefined && isSame(last, shape)) return last;
    const text = JSON.stringify(shape);
    last = known.get(text) ?? shape;
    known.set(text, last);
    return last;
  });
}

function isSame(a: Shape, b: Shape): boolean {
  return isSameList(a[0], b[0]) && (a[1] === null || b[1] === null ? a[1] === b[1] : isSameList(a[1], b[1]));
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, place) => key === b[place]);
}

/** The members that get a column, those of most rows first. */
function frequentNames(shapes: readonly Shape[], namesOf: ReadonlyMap<Shape, readonly MemberName[]>): MemberName[] {
  const rowsOf = new Map<Shape, number>();
  for (const shape of shapes) rowsOf.set(shape, (rowsOf.get(shape) ?? 0) + 1);
  const counts = new Map<MemberName, number>();
  for (const [shape, rows] of rowsOf) for (const name of namesOf.get(shape)!) counts.set(name, (counts.get(name) ?? 0) + rows);
  const frequent = [...counts].filter(([, rows]) => rows * RARE >= shapes.length);
  if (frequent.length > MOST_COLUMNS) frequent.sort(([, a], [, b]) => b - a).splice(MOST_COLUMNS);
  return frequent.map(([name]) => name);
}
