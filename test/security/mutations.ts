import { KeyError } from '../../src/errors/KeyError.js';

/** The bytes with one bit changed, for every bit. */
export function* bitFlips(bytes: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    yield changed;
  }
}

/** The bytes cut short at every place and grown by a byte at either end. */
export function* otherLengths(bytes: Buffer): Generator<Buffer> {
  for (let length = 0; length < bytes.length; length += 1) yield bytes.subarray(0, length);
  for (let start = 1; start < bytes.length; start += 1) yield bytes.subarray(start);
  for (const extra of [0, 1, 255]) {
    yield Buffer.concat([bytes, Buffer.of(extra)]);
    yield Buffer.concat([Buffer.of(extra), bytes]);
  }
}

/** Counts how each of many attempts to open something ended. */
export class Refusals {
  /** Attempts that were refused with a KeyError. */
  refused = 0;
  /** What opened though it should not, and what failed in another way. */
  readonly wrong: string[] = [];
  readonly codes = new Set<string>();

  async attempt(what: string, open: () => unknown): Promise<void> {
    try {
      await open();
      this.wrong.push(`${what} opened`);
    } catch (error) {
      if (!(error instanceof KeyError)) return void this.wrong.push(`${what}: ${String(error)}`);
      this.refused += 1;
      this.codes.add(error.code);
    }
  }
}
