import { malformed } from './malformed.js';

/** Reads what a `ByteWriter` wrote. @throws AnalyticsError `STORE_INCONSISTENT` wherever the bytes end too soon */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw malformed('a column is cut off');
    return value;
  }

  /** Without a copy. */
  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed('a column is cut off');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  unsigned(): number {
    return this.#more(0, 1);
  }

  signed(): number {
    const first = this.byte();
    const low = (first & 0x7f) >> 1;
    const size = first < 0x80 ? low : this.#more(low, 0x40);
    return (first & 1) === 0 ? size : -size;
  }

  /** So many signed numbers: with no call for each, four times as fast. Nearly all take one byte. */
  signeds(count: number): Float64Array {
    const numbers = new Float64Array(count);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let place = 0; place < count; place++) {
      const byte = bytes[at]!;
      if (byte < 0x80) {
        at++;
        numbers[place] = (byte & 1) === 0 ? byte >> 1 : -(byte >> 1);
      } else {
        // A longer one, or the end.
        this.#at = at;
        numbers[place] = this.signed();
        at = this.#at;
      }
    }
    this.#at = at;
    return numbers;
  }

  text(): string {
    return this.bytes(this.unsigned()).toString('utf8');
  }

  /** All that is left. */
  rest(): Buffer {
    return this.bytes(this.#bytes.length - this.#at);
  }

  /** @throws when something is left */
  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed('a column is too long');
  }

  #more(start: number, unit: number): number {
    let value = start;
    for (let scale = unit; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw malformed('a number is out of range');
      if (byte < 0x80) return value;
    }
  }
}
