import { batchIdOf, eventIdAt } from '../batchId.js';
import { ByteReader } from './ByteReader.js';
import { ByteWriter } from './ByteWriter.js';
import { malformed } from './malformed.js';

/** The code of a row whose batch no row before it was of. */
const NEW = 0;
/** The code of a row whose id is no generated one. */
const GIVEN = 1;
/** The code of a row that is of the first batch. */
const SEEN = 2;
/** Of a batch's id: 8 bytes of time, version and place are known otherwise, these are random. */
const RANDOM_BYTES = 8;
const PLACES = 4096;

/**
 * Generated ids as their batch and the place in it, both of which are nearly always what the rows before them make
 * expect; any other id as it is. A batch costs its 8 random bytes and about 2 of time, whatever is in it.
 */
export function packIds(ids: readonly string[]): Buffer {
  const batches = new Map<string, { readonly number: number; nextPlace: number }>();
  const codes = new Uint16Array(ids.length);
  const places = new ByteWriter(ids.length);
  const times: number[] = [];
  const random: Buffer[] = [];
  const given: string[] = [];
  for (const [row, id] of ids.entries()) {
    const batchId = batchIdOf(id);
    if (batchId === undefined) {
      codes[row] = GIVEN;
      given.push(id);
      continue;
    }
    let batch = batches.get(batchId);
    if (batch === undefined) {
      batches.set(batchId, (batch = { number: batches.size, nextPlace: 0 }));
      codes[row] = NEW;
      times.push(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
      random.push(Buffer.from(id.slice(19, 23) + id.slice(24), 'hex'));
    } else {
      codes[row] = batch.number + SEEN;
    }
    const place = Number.parseInt(id.slice(15, 18), 16);
    places.signed(place - batch.nextPlace);
    batch.nextPlace = place + 1;
  }
  const writer = new ByteWriter(ids.length * 4);
  writer.unsigned(batches.size);
  writer.bytes(Buffer.concat(random));
  let before = 0;
  for (const time of times) {
    writer.signed(time - before);
    before = time;
  }
  writer.bytes(Uint8Array.from(codes, (code) => code & 0xff));
  writer.bytes(Uint8Array.from(codes, (code) => code >> 8));
  writer.text(JSON.stringify(given));
  writer.bytes(places.done());
  return writer.done();
}

/** The ids of a chunk. One is made of its parts only when somebody asks for it: of the rows that are looked at, few are returned. */
export class IdColumn {
  readonly #batches: string[] = [];
  readonly #given: readonly string[];
  /** Each row's batch, or -1. */
  readonly #batchOf: Int32Array;
  /** Each row's place in its batch, or in the list of given ids. */
  readonly #placeOf: Uint16Array;

  /** @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content */
  constructor(bytes: Buffer, count: number) {
    const reader = new ByteReader(bytes);
    const batchCount = reader.unsigned();
    if (batchCount > count) throw malformed('it has more batches than rows');
    const random = reader.bytes(batchCount * RANDOM_BYTES).toString('hex');
    let time = 0;
    for (let batch = 0; batch < batchCount; batch++) {
      time += reader.signed();
      this.#batches.push(batchIdFrom(time, random.slice(batch * 2 * RANDOM_BYTES, (batch + 1) * 2 * RANDOM_BYTES)));
    }
    const low = reader.bytes(count);
    const high = reader.bytes(count);
    this.#given = givenIds(reader.text());
    this.#batchOf = new Int32Array(count);
    this.#placeOf = new Uint16Array(count);
    if (this.#given.length > count) throw malformed('its ids do not match its rows');
    const steps = reader.signeds(count - this.#given.length);
    reader.end();
    const nextPlaces = new Uint16Array(batchCount);
    let nextStep = 0;
    let nextBatch = 0;
    let nextGiven = 0;
    for (let row = 0; row < count; row++) {
      const code = low[row]! | (high[row]! << 8);
      if (code === GIVEN) {
        this.#batchOf[row] = -1;
        this.#placeOf[row] = nextGiven++;
        continue;
      }
      const batch = code === NEW ? nextBatch++ : code - SEEN;
      if (batch >= nextBatch || batch >= batchCount) throw malformed('an id is of no batch');
      const place = nextPlaces[batch]! + (steps[nextStep++] ?? -PLACES);
      if (place < 0 || place >= PLACES) throw malformed('a place is out of range');
      this.#batchOf[row] = batch;
      this.#placeOf[row] = place;
      nextPlaces[batch] = place + 1;
    }
    if (nextBatch !== batchCount || nextGiven !== this.#given.length) throw malformed('its ids do not match its rows');
  }

  at(row: number): string {
    const batch = this.#batchOf[row]!;
    const place = this.#placeOf[row]!;
    return batch < 0 ? this.#given[place]! : eventIdAt(this.#batches[batch]!, place);
  }
}

function batchIdFrom(time: number, random: string): string {
  const hex = time.toString(16).padStart(12, '0');
  if (time < 0 || hex.length > 12) throw malformed('a batch is of no time');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-${random.slice(0, 4)}-${random.slice(4)}`;
}

function givenIds(text: string): string[] {
  let ids: unknown;
  try {
    ids = JSON.parse(text);
  } catch {
    throw malformed('its ids are not JSON');
  }
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) throw malformed('its ids are not texts');
  return ids;
}
