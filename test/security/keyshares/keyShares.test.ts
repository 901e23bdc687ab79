import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { combine } from 'shamir-secret-sharing';

import { ValidationError } from '../../../src/errors/ValidationError.js';
import type { KeyList } from '../../../src/security/keylist/KeyList.js';
import { formatKeyEntry } from '../../../src/security/keylist/parseKeyList.js';
import { joinShares } from '../../../src/security/keyshares/joinShares.js';
import { formatKeyShare, parseKeyShare, type KeyShare } from '../../../src/security/keyshares/KeyShare.js';
import { splitKeys } from '../../../src/security/keyshares/splitKeys.js';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const list: fc.Arbitrary<KeyList> = fc.record({
  current: key,
  older: fc.array(key, { maxLength: 3 }),
  next: fc.array(key, { maxLength: 1 }),
  lasting: fc.option(fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes)), { nil: undefined }),
});
const some: KeyList = { current: randomBytes(32), older: [randomBytes(32)], next: [], lasting: undefined };
const linesOf = ({ current, older, next, lasting }: KeyList): string[] => [
  ...[current, ...older].map((bytes) => formatKeyEntry({ use: 'key', isWrapped: false, bytes })),
  ...next.map((bytes) => formatKeyEntry({ use: 'next', isWrapped: false, bytes })),
  ...(lasting === undefined ? [] : [formatKeyEntry({ use: 'lasting', isWrapped: false, bytes: lasting })]),
];
const refusalOf = async (shares: readonly KeyShare[]): Promise<string> => {
  const error = await joinShares(shares).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ValidationError);
  return String(error);
};

describe('shares of a list of keys', () => {
  it('restore all of it, any two of three, in any order, and all three, written as lines', async () => {
    await fc.assert(
      fc.asyncProperty(list, async (given) => {
        const lines = (await splitKeys(given, { shares: 3, threshold: 2 })).map(formatKeyShare);
        for (const chosen of [[0, 1], [1, 0], [0, 2], [2, 1], [2, 0, 1]]) {
          const { entries } = await joinShares(chosen.map((place) => parseKeyShare('line', lines[place]!)));
          expect(entries.map(formatKeyEntry)).toEqual(linesOf(given));
        }
      }),
      { numRuns: 8 },
    );
  });

  it('restore it for any number of them and any threshold, and one less than that does not', async () => {
    await fc.assert(
      fc.asyncProperty(list, fc.integer({ min: 2, max: 6 }), fc.integer({ min: 0, max: 4 }), fc.infiniteStream(fc.nat()), async (given, shares, more, order) => {
        const threshold = Math.min(shares, 2 + more);
        const all = await splitKeys(given, { shares, threshold });
        const shuffled = all.map((share) => ({ share, at: Number(order.next().value) })).toSorted((one, other) => one.at - other.at).map(({ share }) => share);
        expect((await joinShares(shuffled.slice(0, threshold))).entries.map(formatKeyEntry)).toEqual(linesOf(given));
        expect(await refusalOf(shuffled.slice(0, threshold - 1))).toContain(`${threshold} different ones`);
      }),
      { numRuns: 8 },
    );
  });

  it('tell nothing, one by itself: for whatever else there could be, there is a second one that leads to it', async () => {
    const [one] = await splitKeys(some, { shares: 3, threshold: 2 });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: one!.bytes.length - 1, maxLength: one!.bytes.length - 1 }), async (anything) => {
        const x = one!.bytes.at(-1)!;
        const otherX = x === 255 ? 1 : x + 1;
        // The line through what it could be, at 0, and the share, at x: its value at another place.
        const values = anything.map((at0, place) => at0 ^ times(divided(at0 ^ one!.bytes[place]!, x), otherX));
        expect(await combine([Uint8Array.from(one!.bytes), Uint8Array.of(...values, otherX)])).toEqual(anything);
      }),
      { numRuns: 20 },
    );
  });

  it('differ from splitting to splitting, and are as long whatever the keys are', async () => {
    const [first, second] = [await splitKeys(some, { shares: 3, threshold: 2 }), await splitKeys(some, { shares: 3, threshold: 2 })];
    expect(new Set([...first, ...second].map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(6);
    const zeros = await splitKeys({ ...some, current: Buffer.alloc(32), older: [Buffer.alloc(32)] }, { shares: 3, threshold: 2 });
    expect(new Set([...first, ...zeros].map(({ bytes }) => bytes.length)).size).toBe(1);
    expect(await refusalOf([first[0]!, second[1]!])).toContain('one of another splitting');
  });

  it('that were copied wrong, anywhere, are named, and nothing of them is', async () => {
    const [share] = await splitKeys(some, { shares: 3, threshold: 2 });
    const line = formatKeyShare(share!);
    const letters = Array.from('abcdefghijklmnopqrstuvwxyz0123456789:-');
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.constantFrom(...letters), fc.constantFrom('changed', 'left out', 'doubled'), (at, letter, how) => {
        const wrong = how === 'changed' ? line.slice(0, at) + letter + line.slice(at + 1) : how === 'left out' ? line.slice(0, at) + line.slice(at + 1) : line.slice(0, at) + line[at]! + line.slice(at);
        fc.pre(wrong !== line);
        const error = catching(() => parseKeyShare('file 2, line 1', wrong));
        expect(error).toBeInstanceOf(ValidationError);
        expect(String(error)).toContain('file 2, line 1');
        expect(String(error)).not.toContain(line.slice(60, 80));
      }),
    );
    for (const hostile of ['', 'x'.repeat(100_000), `${line}\n${line}`, line.replace('share-1', 'share-2'), '__proto__']) expect(catching(() => parseKeyShare('line', hostile))).toBeInstanceOf(ValidationError);
  });

  it('that are forged, doubled, too few or none restore nothing', async () => {
    const [one, two] = await splitKeys(some, { shares: 3, threshold: 2 });
    const forged = { ...two!, bytes: Uint8Array.from(two!.bytes, (byte, place) => (place === 40 ? byte ^ 1 : byte)) };
    expect(await refusalOf([one!, forged])).toContain('forged');
    expect(await refusalOf([one!, { ...two!, bytes: two!.bytes.subarray(1) }])).toContain('forged');
    expect(await refusalOf([one!, { ...two!, bytes: one!.bytes }])).toContain('forged');
    expect(await refusalOf([one!, one!])).toContain('twice');
    expect(await refusalOf([one!])).toContain('2 different ones');
    expect(await refusalOf([])).toContain('none');
    // Whoever says that it is of another key is not believed either.
    expect(await refusalOf([one!, two!].map((share) => ({ ...share, keyId: '0123456789abcdef' })))).toContain('forged');
  });

  it.each([[1, 1], [17, 2], [3, 4], [3, 1], [2.5, 2], [Number.NaN, 2]])('cannot be %d of which %d restore', async (shares, threshold) => {
    await expect(splitKeys(some, { shares, threshold })).rejects.toBeInstanceOf(ValidationError);
  });
});

function catching(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** In GF(2^8) with the polynomial of AES, as the library has it. */
function times(one: number, other: number): number {
  let product = 0;
  for (let a = one, b = other; b > 0; b >>= 1) {
    if ((b & 1) === 1) product ^= a;
    a = (a & 0x80) === 0 ? a << 1 : ((a << 1) & 0xff) ^ 0x1b;
  }
  return product;
}

function divided(one: number, by: number): number {
  for (let quotient = 0; quotient < 256; quotient += 1) if (times(quotient, by) === one) return quotient;
  throw new Error('There is no division by 0.');
}
