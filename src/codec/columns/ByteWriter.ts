/** Bytes that grow while they are written. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  /** @param room bytes that are taken at first; more when they are full */
  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(16, room));
  }

  byte(value: number): void {
    this.#ensure(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(value: Uint8Array): void {
    this.#ensure(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** A whole number from 0 to 2^53 - 1: 7 bits a byte, the lowest first. Divides, since shifts are cut to 32 bits. */
  unsigned(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  /** A whole number of either sign. The sign is the first byte's lowest bit: doubling it would lose the 54th bit. */
  signed(value: number): void {
    const size = Math.abs(value);
    const rest = Math.floor(size / 0x40);
    this.byte((rest > 0 ? 0x80 : 0) | ((size % 0x40) << 1) | (value < 0 ? 1 : 0));
    if (rest > 0) this.unsigned(rest);
  }

  /** Text with its length in front. */
  text(value: string): void {
    const bytes = Buffer.from(value);
    this.unsigned(bytes.length);
    this.bytes(bytes);
  }

  /** What was written. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #ensure(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
