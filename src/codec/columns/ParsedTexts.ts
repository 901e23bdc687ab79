import type { JsonObject } from '../../contract/json.js';
import { copyObject } from './copyJson.js';

/** A text's share of what is parsed of it, in memory, roughly. */
const PARSED_SHARE = 4;

/**
 * JSON texts of a chunk's rows. What is asked for again is kept parsed, and copies of it are handed out: the newest events are read
 * again and again, and parsing took half of that. What is read once, as by a stream, is not kept.
 */
export class ParsedTexts {
  /** JSON of objects, or '' where there is none. */
  readonly #texts: readonly string[];
  readonly #kept: (JsonObject | undefined)[];
  readonly #isAsked: Uint8Array;
  #isWhole = false;
  #keptLength = 0;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.#kept = Array.from<JsonObject | undefined>({ length: texts.length });
    this.#isAsked = new Uint8Array(texts.length);
  }

  /** Bytes that it keeps in memory, roughly. */
  get bytes(): number {
    let length = this.#keptLength * PARSED_SHARE;
    for (const text of this.#texts) length += text.length;
    return length;
  }

  /** An object of its own, which whoever asks may change; undefined where there is none. */
  take(row: number): JsonObject | undefined {
    const kept = this.#kept[row];
    if (kept !== undefined) return copyObject(kept);
    if (this.#isAsked[row] === 1) {
      const parsed = this.#keep(row);
      return parsed && copyObject(parsed);
    }
    this.#isAsked[row] = 1;
    return parse(this.#texts[row]!);
  }

  /** All of them, to be looked at and not to be changed. */
  all(): readonly (JsonObject | undefined)[] {
    if (!this.#isWhole) {
      for (const row of this.#texts.keys()) if (this.#kept[row] === undefined) this.#keep(row);
      this.#isWhole = true;
    }
    return this.#kept;
  }

  #keep(row: number): JsonObject | undefined {
    const text = this.#texts[row]!;
    this.#keptLength += text.length;
    return (this.#kept[row] = parse(text));
  }
}

/** Verified before it was sealed. */
function parse(text: string): JsonObject | undefined {
  return text === '' ? undefined : (JSON.parse(text) as JsonObject);
}
