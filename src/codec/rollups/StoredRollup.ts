import { EdgeColumn } from '../../insights/aggregation/EdgeColumn.js';
import { ExtremaColumn } from '../../insights/aggregation/ExtremaColumn.js';
import type { RollupTable, SketchRows } from '../../insights/aggregation/RollupTable.js';
import { SumColumn } from '../../insights/aggregation/SumColumn.js';
import { ByteReader } from '../columns/ByteReader.js';
import { malformed } from '../columns/malformed.js';
import { decompressTo } from '../compression.js';
import { decodeDoubles } from './doubleColumn.js';
import { ROLLUP_FORMAT, rollupColumns, rollupFlags, type RollupColumn } from './encodeRollup.js';
import { fromDecimalSums } from './sumPairs.js';
import { decodeVarints } from './varintColumn.js';

/** No rollup is made larger; one that claims to be is refused before memory is taken for it. */
const MOST_ROWS = 2 ** 24;
const MOST_DIGITS = 12;
const ID_BYTES = 8;

interface PackedColumn {
  readonly length: number;
  readonly bytes: Buffer;
}

/** A rollup as it is read: a column is decoded when it is asked for, since a query needs two or three of them. */
export class StoredRollup implements RollupTable {
  readonly start: number;
  readonly width: number;
  /** UTC hour, counted from `start` → version of the samples that its rows were computed from. */
  readonly versions: ReadonlyMap<number, number>;
  readonly seriesIds: readonly string[];
  readonly firstRows: Uint32Array;
  readonly #digits: number;
  readonly #flags: number;
  readonly #units: { readonly sum: number; readonly increase: number };
  readonly #packed = new Map<RollupColumn, PackedColumn>();
  readonly #rows: number;
  #buckets: Uint32Array | undefined;
  #count: Float64Array | undefined;
  #sum: SumColumn | undefined;
  #extrema: ExtremaColumn | undefined;
  #edges: EdgeColumn | undefined;
  #increase: SumColumn | undefined;
  #squares: Float64Array | undefined;
  #sketches: SketchRows | undefined;

  /** @throws AnalyticsError `STORE_INCONSISTENT`, here or when a column is asked for, with no word of the content */
  constructor(bytes: Buffer) {
    const reader = new ByteReader(bytes);
    if (reader.byte() !== ROLLUP_FORMAT) throw malformed('a rollup has a format that this version does not know');
    this.start = reader.signed();
    this.width = reader.unsigned();
    const versions = new Map<number, number>();
    for (let left = reader.unsigned(); left > 0; left -= 1) versions.set(reader.unsigned(), reader.unsigned());
    this.versions = versions;
    const series = reader.unsigned();
    if (series > bytes.length / ID_BYTES) throw malformed('a rollup is cut off');
    this.firstRows = new Uint32Array(series + 1);
    this.seriesIds = Array.from({ length: series }, (_, place) => {
      const id = reader.bytes(ID_BYTES).toString('hex');
      const rows = this.firstRows[place]! + reader.unsigned();
      if (rows > MOST_ROWS) throw malformed('a rollup is too large');
      this.firstRows[place + 1] = rows;
      return id;
    });
    this.#rows = this.firstRows[series]!;
    this.#digits = reader.byte();
    if (this.#digits > MOST_DIGITS) throw malformed('a rollup has an unknown scale');
    this.#flags = reader.byte();
    this.#units = { sum: reader.signed(), increase: reader.signed() };
    for (const name of rollupColumns) {
      const isOfSketches = name === 'binCounts' || name === 'bins' || name === 'counts';
      if (isOfSketches && !this.#has('sketches')) continue;
      const length = reader.unsigned();
      this.#packed.set(name, { length, bytes: reader.bytes(reader.unsigned()) });
    }
    reader.end();
  }

  get buckets(): Uint32Array {
    return (this.#buckets ??= Uint32Array.from(sumUp(this.#integers('buckets'))));
  }

  get count(): Float64Array {
    return (this.#count ??= Float64Array.from(this.#integers('count')));
  }

  get sum(): SumColumn {
    return (this.#sum ??= this.#sums('sum', 'sumRest', this.#has('decimalSum'), this.#units.sum));
  }

  get extrema(): ExtremaColumn {
    if (this.#extrema === undefined) {
      const { first, last } = this.edges;
      const min = this.#beside('min', (row) => Math.min(first[row]!, last[row]!));
      const max = this.#beside('max', (row) => Math.max(first[row]!, last[row]!));
      this.#extrema = new ExtremaColumn(min, max);
    }
    return this.#extrema;
  }

  get edges(): EdgeColumn {
    if (this.#edges === undefined) {
      const { buckets, start, width } = this;
      const firstTime = this.#decode('firstTime').map((time, row) => start + buckets[row]! * width + time);
      const lastTime = this.#decode('lastTime').map((time, row) => firstTime[row]! + time);
      this.#edges = new EdgeColumn({ first: this.#decode('first'), firstTime, last: this.#decode('last'), lastTime });
    }
    return this.#edges;
  }

  get increase(): SumColumn {
    return (this.#increase ??= this.#sums('increase', 'increaseRest', this.#has('decimalIncrease'), this.#units.increase));
  }

  get squares(): Float64Array {
    if (this.#squares === undefined) {
      const numbers = this.#decode('squares');
      const scale = 10 ** (2 * this.#digits);
      this.#squares = this.#has('wholeSquares') ? numbers.map((number, row) => number / (scale * this.count[row]!)) : numbers;
    }
    return this.#squares;
  }

  get sketches(): SketchRows | undefined {
    if (this.#sketches === undefined && this.#has('sketches')) {
      const sizes = this.#integers('binCounts');
      const firstBins = new Uint32Array(this.#rows + 1);
      for (const [row, size] of sizes.entries()) {
        if (!(size >= 0 && firstBins[row]! + size <= MOST_ROWS)) throw malformed('a rollup has too large sketches');
        firstBins[row + 1] = firstBins[row]! + size;
      }
      const length = firstBins[this.#rows]!;
      const bins = sumUp(this.#integers('bins', length));
      this.#sketches = { firstBins, bins, counts: Float64Array.from(this.#integers('counts', length)) };
    }
    return this.#sketches;
  }

  /** All of it as plain columns. */
  toTable(): RollupTable {
    const { start, width, seriesIds, firstRows, buckets, count, sum, extrema, edges, increase, squares, sketches } = this;
    return { start, width, seriesIds, firstRows, buckets, count, sum, extrema, edges, increase, squares, sketches };
  }

  #has(flag: keyof typeof rollupFlags): boolean {
    return (this.#flags & rollupFlags[flag]) !== 0;
  }

  #decode(name: RollupColumn): Float64Array {
    return decodeDoubles(this.#unpack(name), this.#rows);
  }

  #integers(name: RollupColumn, length = this.#rows): Int32Array {
    return decodeVarints(this.#unpack(name), length);
  }

  #unpack(name: RollupColumn): Buffer {
    const packed = this.#packed.get(name);
    if (packed === undefined) throw malformed('a rollup lacks a column');
    return packed.bytes.length === packed.length ? packed.bytes : decompressTo(packed.length, packed.bytes);
  }

  #sums(name: RollupColumn, restName: RollupColumn, isDecimal: boolean, unit: number): SumColumn {
    const numbers = this.#decode(name);
    const rests = this.#decode(restName);
    if (!isDecimal) return new SumColumn(numbers, rests);
    const { high, low } = fromDecimalSums({ numbers, rests, unit }, this.#digits);
    return new SumColumn(high, low);
  }

  #beside(name: RollupColumn, suggested: (row: number) => number): Float64Array {
    const values = this.#decode(name);
    if (!this.#has('decimals')) return values;
    const scale = 10 ** this.#digits;
    return values.map((difference, row) => (Math.round(suggested(row) * scale) + difference) / scale);
  }
}

/** Differences back to numbers, in place. */
function sumUp(numbers: Int32Array): Int32Array {
  for (let place = 1; place < numbers.length; place += 1) numbers[place]! += numbers[place - 1]!;
  return numbers;
}
