import { randomBytes } from 'node:crypto';

import type { Event } from '../contract/event.js';
import { coarsen, type Cell } from './coarsen.js';
import type { ExportPlan } from './exportPlan.js';
import { createRandomBelow } from './randomBelow.js';
import { csvText, ndjsonText } from './rowText.js';
import { RowTable } from './RowTable.js';
import { suppressSmallCells } from './suppressSmallCells.js';

const SURROGATE_BYTES = 12;
/** Text that is given at a time. */
const PIECE = 64 * 1024;

/** Takes events, and gives rows that tell of nobody: see docs/deidentified-export.md. */
export class DeidentifiedExport {
  readonly #plan: ExportPlan;
  readonly #table: RowTable;

  constructor(plan: ExportPlan) {
    this.#plan = plan;
    this.#table = new RowTable(plan.minimum);
  }

  /** @throws BudgetError, ValidationError when there is too much of it */
  add(event: Event): void {
    const { fields } = this.#plan;
    const cells = [...this.#time(event.timestamp), ...fields.map(({ path }) => coarsen(path.at(-1)!, memberOf(event, path)))]; // a path has a part
    this.#table.add(cells, personOf(event));
  }

  /** The rows that may be told, in an order that tells nothing, a piece of text at a time. @returns how many they were */
  *text(): Generator<string, number> {
    const { type, time, fields, persons, minimum, format } = this.#plan;
    const table = this.#table;
    const columns = ['type', ...(time === 'none' ? [] : [time]), ...fields.map(({ name }) => name), ...(persons ? ['person'] : [])];
    const { head, row } = format === 'csv' ? csvText(columns) : ndjsonText(columns);
    const isKept = suppressSmallCells(table.combinations, minimum);
    table.shuffle(createRandomBelow());
    // Made for this export and of nothing: 164.514(c).
    const surrogates = persons ? randomBytes(table.people * SURROGATE_BYTES) : Buffer.alloc(0);
    const surrogateOf = (at: number): Cell => {
      const number = table.personOf(at);
      return number === undefined ? null : surrogates.toString('base64url', number * SURROGATE_BYTES, (number + 1) * SURROGATE_BYTES);
    };
    let piece = head;
    let told = 0;
    for (let at = 0; at < table.rows; at += 1) {
      const place = table.combinationOf(at);
      if (!isKept[place]) continue;
      const { cells } = table.combinations[place]!; // each row has one
      piece += row([type, ...cells, ...(persons ? [surrogateOf(at)] : [])]);
      told += 1;
      if (piece.length < PIECE) continue;
      yield piece;
      piece = '';
    }
    if (piece !== '') yield piece;
    return told;
  }

  #time(timestamp: number): Cell[] {
    const { time } = this.#plan;
    if (time === 'none') return [];
    const date = new Date(timestamp);
    return [time === 'year' ? date.getUTCFullYear() : date.getUTCHours()];
  }
}

/** Sessions of nobody count as people: they may be somebody's. */
function personOf({ userId, sessionId }: Event): string | undefined {
  if (userId !== undefined) return `u${userId}`;
  return sessionId === undefined ? undefined : `s${sessionId}`;
}

function memberOf(event: Event, path: readonly string[]): unknown {
  let member: unknown = event;
  for (const key of path) {
    if (typeof member !== 'object' || member === null || !Object.hasOwn(member, key)) return undefined;
    member = Reflect.get(member, key);
  }
  return member;
}
