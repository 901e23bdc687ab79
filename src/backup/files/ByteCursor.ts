import { damaged } from './damaged.js';

/** Reads bytes that may have been damaged: nothing is taken beyond their end. */
export class ByteCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint8(): number {
    return this.take(1)[0]!; // take gives as many as were asked for
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  take(length: number): Buffer {
    this.expect(this.#at + length <= this.#bytes.length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  expect(condition: boolean): void {
    if (!condition) this.refuse();
  }

  refuse(): never {
    throw damaged('a part of it cannot be read');
  }
}
