import { AnalyticsError } from '../errors/AnalyticsError.js';

/** Registers of a HyperLogLog as Redis keeps it, and the bits of a hash that choose one of them. */
const REGISTERS = 16_384;
const REGISTER_BITS = 6;
/** What is left of a hash of 64 bits: a register holds at most one more. */
const RANK_BITS = 50;
const HEADER_BYTES = 16;
const DENSE_BYTES = HEADER_BYTES + (REGISTERS * REGISTER_BITS) / 8;
/** 1 / (2 ln 2). */
const ALPHA = 0.5 / Math.LN2;

/**
 * A set of users of which only the size can be told, with a standard error of 0.81 % (1.04 / √16,384).
 *
 * It unites what Redis keeps, outside of Redis: PFCOUNT of 248 keys (a month of 8 types) would hold Redis for 5 ms, and
 * refuses keys of different slots on Redis Cluster, which two types' are. 20 µs for each key that is dense.
 */
export class UserSketch {
  readonly #registers = new Uint8Array(REGISTERS);

  /**
   * Adds everybody in the value of a HyperLogLog key.
   * @throws AnalyticsError `STORE_INCONSISTENT` when it is none
   */
  add(bytes: Buffer): void {
    const encoding = bytes[4];
    if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== 'HYLL') throw malformed();
    if (encoding === 0 && bytes.length >= DENSE_BYTES) this.#addDense(bytes);
    else if (encoding === 1) this.#addSparse(bytes);
    else throw malformed();
  }

  /** How many users, by Ertl's estimator (arXiv 1702.01284), as PFCOUNT has it. */
  count(): number {
    const having = new Uint16Array(RANK_BITS + 2);
    for (const rank of this.#registers) having[rank]! += 1;
    let sum = REGISTERS * tau(1 - having[RANK_BITS + 1]! / REGISTERS);
    for (let rank = RANK_BITS; rank >= 1; rank -= 1) sum = 0.5 * (sum + having[rank]!);
    sum += REGISTERS * sigma(having[0]! / REGISTERS);
    return Math.round((ALPHA * REGISTERS * REGISTERS) / sum);
  }

  #raise(register: number, rank: number): void {
    if (this.#registers[register]! < rank) this.#registers[register] = rank;
  }

  /** Registers of 6 bits each, lowest bits first: four of them in three bytes. */
  #addDense(bytes: Buffer): void {
    let at = HEADER_BYTES;
    for (let register = 0; register < REGISTERS; register += 4, at += 3) {
      const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      this.#raise(register, four & 63);
      this.#raise(register + 1, (four >> 6) & 63);
      this.#raise(register + 2, (four >> 12) & 63);
      this.#raise(register + 3, four >> 18);
    }
  }

  /** Runs of registers: `00nnnnnn` and `01nnnnnn nnnnnnnn` are n + 1 empty ones, `1vvvvvnn` is n + 1 that hold v + 1. */
  #addSparse(bytes: Buffer): void {
    let register = 0;
    for (let at = HEADER_BYTES; at < bytes.length; at += 1) {
      const code = bytes[at]!;
      if (code >= 0x80) {
        const end = register + (code & 3) + 1;
        if (end > REGISTERS) throw malformed();
        for (; register < end; register += 1) this.#raise(register, ((code >> 2) & 31) + 1);
      } else if (code >= 0x40) {
        at += 1;
        register += (((code & 63) << 8) | (bytes[at] ?? 0)) + 1;
      } else register += code + 1;
    }
    if (register !== REGISTERS) throw malformed();
  }
}

/** x + Σ x^(2^k) 2^(k-1): what the empty registers stand for. */
function sigma(share: number): number {
  if (share === 1) return Infinity;
  let [power, weight, sum] = [share, 1, share];
  for (let before = Number.NaN; before !== sum; ) {
    before = sum;
    power *= power;
    sum += power * weight;
    weight += weight;
  }
  return sum;
}

/** (1 - x - Σ (1 - x^(2^-k))² 2^-k) / 3: what the full registers stand for. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [root, weight, sum] = [share, 1, 1 - share];
  for (let before = Number.NaN; before !== sum; ) {
    before = sum;
    root = Math.sqrt(root);
    weight *= 0.5;
    sum -= (1 - root) ** 2 * weight;
  }
  return sum / 3;
}

function malformed(): AnalyticsError {
  return new AnalyticsError('STORE_INCONSISTENT', 'A key of the counts of users holds no HyperLogLog. Does another program use this REDIS_PREFIX?');
}
