import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { jobs } from '../../queues/jobs.js';
import type { StoredEvent } from '../../src/codec/columns/StoredEvent.js';
import { openBatch } from '../../src/ingestion/openBatch.js';
import type { ChunkPlace } from '../../src/security/ChunkSealer.js';
import { keyRingFromList, keyRingFromPublicKey } from '../../src/security/KeyRing.js';
import { openEventChunk } from '../../src/storage/EventChunk.js';
import { decodeMergedHeader } from '../../src/storage/mergedHeader.js';
import { openMetricChunk, sealMergedSamples } from '../../src/storage/metrics/MetricChunk.js';
import { sealEventChunk } from '../../src/storage/swapEventChunks.js';
import { Refusals } from './mutations.js';

// Two keys in the ring, so that naming the other one is among what is tried.
const ring = await keyRingFromList({ current: Buffer.alloc(32, 1), older: [Buffer.alloc(32, 2)], next: [], lasting: undefined });
const { chunks, fields } = ring.reading!; // made from a list
const START = 480_000 * 3_600_000;
const HEADER_BYTES = 15;
const MUTATIONS = 100_000;

/** Something sealed: its bytes, in parts that may each be changed, and what opens them. */
interface Target {
  readonly name: string;
  readonly parts: readonly Buffer[];
  open(parts: readonly Buffer[]): unknown;
}

const place: ChunkPlace = { kind: 'events', series: 'custom', hour: 480_000, chunkId: Buffer.alloc(16, 5), count: 3, earliest: START, latest: START + 9 };

function smallChunk(id: number): Target {
  const at = { ...place, chunkId: Buffer.alloc(16, id) };
  const { bytes, wrappedKey } = chunks.seal(at, Buffer.from('what a chunk holds. '.repeat(5)));
  return { name: 'a small chunk', parts: [bytes, wrappedKey, at.chunkId], open: ([one, two, chunkId]) => chunks.open({ ...at, chunkId: chunkId! }, { bytes: one!, wrappedKey: two! }) };
}

function mergedChunk(id: number): Target {
  const events = Array.from({ length: 40 }, (_, row): StoredEvent => ({
    id: `0193a5f0-0000-7000-8000-0000000000${(id * 40 + row).toString(16).padStart(2, '0')}`,
    priority: 'normal',
    timestamp: START + row,
    offset: row + 1,
    userId: `user-${row % 5}`,
    sessionId: null,
    properties: `{"page":"/p${row}"}`,
    metadata: '',
  }));
  const { entry, head, blocks, wrappedKey } = sealEventChunk('custom', 480_000, events, ring.reading!);
  return {
    name: 'a merged chunk of events',
    parts: [head, wrappedKey, entry.chunkId, ...blocks],
    // By what its header in clear says, as the broadcaster finds it.
    open([one, two, chunkId, ...rest]) {
      const header = decodeMergedHeader(chunkId!, one!);
      const chunk = openEventChunk('custom', header ?? entry, { bytes: header === undefined ? Buffer.concat([Buffer.alloc(8), one!]) : one!, wrappedKey: two! }, chunks);
      chunk.add(new Map(rest.map((bytes, block) => [block, bytes])));
      return chunk.table;
    },
  };
}

function metricChunk(): Target {
  const series = Array.from({ length: 10 }, (_, one) => ({ seriesId: one.toString(16).padStart(16, '0'), times: Float64Array.from({ length: 30 }, (_point, at) => START + at * 15_000), values: Float64Array.from({ length: 30 }, (_point, at) => one * at) }));
  const { entry, head, blocks, wrappedKey } = sealMergedSamples('cpu', 480_000, series, chunks);
  return {
    name: 'a merged chunk of samples',
    parts: [head, wrappedKey, entry.chunkId, ...blocks],
    open([one, two, chunkId, ...rest]) {
      const chunk = openMetricChunk('cpu', { ...entry, chunkId: chunkId! }, { bytes: one!, wrappedKey: two! }, chunks);
      return rest.map((bytes, block) => chunk.open(block, bytes));
    },
  };
}

function rollup(): Target {
  const at: ChunkPlace = { kind: 'rollup 1h', series: 'cpu', hour: 20_000, chunkId: Buffer.alloc(16, 7), count: 0, earliest: 0, latest: 0 };
  const { bytes, wrappedKey } = chunks.seal(at, Buffer.alloc(200, 3));
  return { name: 'a rollup', parts: [bytes, wrappedKey], open: ([one, two]) => chunks.open(at, { bytes: one!, wrappedKey: two! }) };
}

function field(): Target {
  return { name: 'a field', parts: [fields.seal('tags|cpu|00', '{"host":"a"}')], open: ([one]) => fields.open('tags|cpu|00', one!) };
}

async function batch(): Promise<Target> {
  await ring.transport.prepare();
  const { sealedKey, ciphertext } = ring.transport.seal('job', 'events', 7, Buffer.from('a batch of events'));
  const key = sealedKey.toString('base64');
  return {
    name: 'a batch',
    parts: [ciphertext],
    open: async ([one]) => openBatch('job', 'events', jobs.events.payload.parse({ v: 1, to: ring.publicId, key, n: 7, c: one!.length === 0 ? 'AA==' : one!.toString('base64') }), ring),
  };
}

/** One change: to one part, by overwriting, cutting, inserting, copying within it, or taking another target's part. */
const change = fc.record({ part: fc.nat(), kind: fc.constantFrom('flip', 'overwrite', 'cut', 'insert', 'copy', 'swap', 'other'), at: fc.nat(), to: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }) });

function apply({ part, kind, at, to, bytes }: { part: number; kind: string; at: number; to: number; bytes: Uint8Array }, parts: readonly Buffer[], others: readonly Buffer[]): Buffer[] {
  const changed = parts.map((one) => Buffer.from(one));
  const index = part % changed.length;
  const one = changed[index]!;
  const start = at % one.length;
  switch (kind) {
    case 'flip':
      one[start]! ^= 1 << (to % 8);
      break;
    case 'overwrite':
      Buffer.from(bytes).copy(one, start);
      break;
    case 'cut':
      changed[index] = Buffer.concat([one.subarray(0, start), one.subarray(start + bytes.length)]);
      break;
    case 'insert':
      changed[index] = Buffer.concat([one.subarray(0, start), bytes, one.subarray(start)]);
      break;
    case 'copy':
      one.copy(one, start, to % one.length, (to % one.length) + bytes.length);
      break;
    case 'swap': {
      const second = to % changed.length;
      [changed[index], changed[second]] = [changed[second]!, one];
      break;
    }
    default:
      changed[index] = Buffer.from(others[to % others.length]!);
  }
  return changed;
}

describe('100,000 changes', () => {
  it('to chunks, merged blocks, samples, rollups, fields and batches are refused, every one, with a typed error', async () => {
    const targets = [smallChunk(5), mergedChunk(0), metricChunk(), rollup(), field(), await batch(), smallChunk(6), mergedChunk(1)];
    for (const target of targets) expect({ name: target.name, opened: (await target.open(target.parts)) !== undefined }).toEqual({ name: target.name, opened: true });
    const tries = new Refusals();
    // Some change nothing: a part swapped for itself, a byte overwritten with the same.
    for (const [time, one] of fc.sample(change, 120_000).entries()) {
      if (tries.refused + tries.wrong.length === MUTATIONS) break;
      const target = targets[time % targets.length]!;
      const others = targets[(time + 1 + (one.at % (targets.length - 1))) % targets.length]!.parts;
      const parts = apply(one, target.parts, others);
      if (parts.every((part, index) => part.equals(target.parts[index]!)) || isClearOnly(target, parts)) {
        continue;
      }
      await tries.attempt(`${target.name}, change ${time}: ${one.kind} of part ${one.part % target.parts.length}`, () => target.open(parts));
    }
    expect(tries.wrong.slice(0, 5)).toEqual([]);
    expect(tries.refused).toBe(MUTATIONS);
    expect([...tries.codes].every((code) => ['SEAL_BROKEN', 'KEY_UNAVAILABLE'].includes(code))).toBe(true);
  });

  /** The number of blocks, in a merged chunk's header, is the one byte that is not bound: it says what to remove, not how to open. */
  function isClearOnly({ name, parts }: Target, changed: readonly Buffer[]): boolean {
    if (name !== 'a merged chunk of events') return false;
    return changed.every((part, index) => {
      if (index > 0) return part.equals(parts[index]!);
      return part.length === parts[0]!.length && part.subarray(0, HEADER_BYTES - 1).equals(parts[0]!.subarray(0, HEADER_BYTES - 1)) && part.subarray(HEADER_BYTES).equals(parts[0]!.subarray(HEADER_BYTES));
    });
  }
});

describe('a process that only produces, taken over', () => {
  it('opens nothing of what is stored or waits, whatever of its keys it tries', async () => {
    const producer = keyRingFromPublicKey(Buffer.from(ring.publicKey, 'base64'));
    await producer.transport.prepare();
    expect(producer.reading).toBeUndefined();
    // Everything that it holds: the public key, and the key of its hour, which leaves it sealed only.
    const own = producer.transport.seal('own', 'events', 1, Buffer.from('own'));
    const others = ring.transport.seal('other', 'events', 1, Buffer.from('somebody else’s'));
    const held = [Buffer.from(ring.publicKey, 'base64'), own.sealedKey.subarray(0, 32), own.sealedKey.subarray(32, 64), own.sealedKey.subarray(-32)];
    const stored = chunks.seal(place, Buffer.from('what is stored'));
    const tries = new Refusals();
    for (const key of held) {
      const forged = (await keyRingFromList({ current: Buffer.from(key), older: [], next: [], lasting: undefined })).reading!;
      await tries.attempt('a chunk', () => forged.chunks.open(place, stored));
      await tries.attempt('a chunk whose key names the forged one', () => forged.chunks.open(place, { ...stored, wrappedKey: Buffer.concat([Buffer.from(forged.held[0]!.keyEncryptionId, 'hex'), stored.wrappedKey.subarray(4)]) }));
      await tries.attempt('a field', () => forged.fields.open('a', fields.seal('a', 'x')));
      await tries.attempt('a batch of others', async () => forged.transport.open('other', 'events', 1, others));
      await tries.attempt('a batch of its own', async () => forged.transport.open('own', 'events', 1, own));
    }
    await tries.attempt('through the ingestion', async () => openBatch('other', 'events', jobs.events.payload.parse({ v: 1, to: ring.publicId, key: others.sealedKey.toString('base64'), n: 1, c: others.ciphertext.toString('base64') }), producer));
    expect(tries.wrong).toEqual([]);
    expect(tries.refused).toBe(held.length * 5 + 1);
    // No member of what it holds leads to a key that opens: one is private in the language's own sense.
    expect(Object.keys(producer.transport)).toEqual([]);
  });
});
