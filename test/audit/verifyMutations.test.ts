import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { FIRST_PREVIOUS, hashRecord, type AuditContent } from '../../src/audit/AuditRecord.js';
import { openElement, readElement, sealAppend } from '../../src/audit/chain/elements.js';
import { packChain } from '../../src/audit/upkeep/packChain.js';
import { readCheckpoints, type Checkpoints } from '../../src/audit/verify/readCheckpoints.js';
import { verifyChains } from '../../src/audit/verify/verifyAudit.js';
import { copyChains, copySource, openAuditScene, sampleEntry, type AuditScene, type ChainCopy } from './support/auditScene.js';

const MUTATIONS = 10_000;
/** As many records as make a block, and some appends behind it: lone records and groups. */
const IN_BLOCK = 6;

let scene: AuditScene;
let good: ChainCopy;
let checkpoints: Checkpoints;
let chain: string;
let elements: readonly Buffer[];
/** Numbers of each element's records. */
let spans: readonly { readonly first: number; readonly last: number }[];
let contents: readonly AuditContent[];
let signedTo: number;

beforeAll(async () => {
  scene = await openAuditScene();
  const place = scene.place();
  const { keys, folder, source } = place;
  const log = place.open();
  await Promise.all(Array.from({ length: IN_BLOCK }, async (_, count) => log.record({ ...sampleEntry, count })));
  [chain] = [...(await source.heads()).keys()] as [string];
  await packChain({ redis: scene.redis, keys: keys.audit, secrets: scene.secrets, least: IN_BLOCK, isLate: () => false }, chain);
  for (let round = 0; round < 4; round += 1) await Promise.all(Array.from({ length: 1 + (round % 3) }, async (_, count) => log.record({ ...sampleEntry, count, subjects: [`user-${round}`] })));
  await log.close();
  const unsigned = place.open({ folder: `${folder}-lost`, now: () => Date.now() + 120_000 });
  await unsigned.record({ ...sampleEntry, reason: 'nobody signed it' });

  good = await copyChains(source);
  checkpoints = await readCheckpoints([folder], scene.secrets);
  await unsigned.close();
  elements = good.elements.get(chain)!;
  const opened = elements.map((bytes) => readElement(openElement(scene.secrets, chain, bytes)));
  spans = opened.map(({ firstSeq, contents: { length } }) => ({ first: firstSeq, last: firstSeq + length - 1 }));
  contents = opened.flatMap((element) => element.contents);
  signedTo = checkpoints.anchors.get(chain)!.furthest;
});
afterAll(async () => scene.end());

interface Mutation {
  readonly kind: 'change' | 'delete' | 'insert' | 'insert junk' | 'swap' | 'truncate' | 'roll back' | 'rewrite' | 'delete chain' | 'move head';
  readonly at: number;
  readonly other: number;
  readonly bit: number;
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('change', 'change', 'delete', 'insert', 'insert junk', 'swap', 'truncate', 'roll back', 'rewrite', 'delete chain', 'move head'),
  at: fc.nat(),
  other: fc.nat(),
  bit: fc.nat(),
});

/** Seals records as their writer would: somebody who has the keys. */
function forge(from: number, forged: readonly AuditContent[]): { elements: Buffer[]; hash: string } {
  let previous = FIRST_PREVIOUS;
  const made: Buffer[] = [];
  [...contents.slice(0, from - 1), ...forged].forEach((content, place) => {
    if (place + 1 >= from) made.push(sealAppend(scene.secrets, chain, { firstSeq: place + 1, link: previous, contents: [content] }));
    previous = hashRecord({ ...content, chain, seq: place + 1, previous });
  });
  return { elements: made, hash: previous };
}

/** Spoils a copy. @returns the first record that is bad then; undefined where nothing was changed */
function spoil(copy: ChainCopy, { kind, at, other, bit }: Mutation): number | undefined {
  const all = [...elements];
  copy.elements.set(chain, all);
  const head = copy.heads.get(chain)!;
  const place = at % all.length;
  const span = spans[place]!;
  switch (kind) {
    case 'change': {
      const bytes = Buffer.from(all[place]!);
      bytes[bit % bytes.length]! ^= 1 << (other % 8);
      all[place] = bytes;
      return span.first;
    }
    case 'delete':
      all.splice(place, 1);
      return span.first;
    case 'insert': {
      const which = other % all.length;
      all.splice(place, 0, all[which]!);
      return which === place ? span.last + 1 : span.first;
    }
    case 'insert junk':
      all.splice(place, 0, Buffer.alloc(bit % 200, other));
      return span.first;
    case 'swap': {
      const which = other % all.length;
      if (which === place) return undefined;
      [all[place], all[which]] = [all[which]!, all[place]!];
      return spans[Math.min(place, which)]!.first;
    }
    case 'truncate':
      all.splice(place);
      return span.first;
    case 'roll back': {
      if (span.first > signedTo || place === 0) return undefined;
      all.splice(place);
      copy.heads.set(chain, { ...head, seq: span.first - 1, hash: forge(span.first, []).hash });
      return span.first;
    }
    case 'rewrite': {
      // Cut off behind the block, and appended again by somebody who has the keys, with one record changed.
      const from = spans[1]!.first;
      const seq = from + (other % (signedTo - from + 1));
      const forged = forge(from, contents.slice(from - 1).map((content, index) => (from + index === seq ? { ...content, count: bit + 100 } : content)));
      all.splice(1, all.length, ...forged.elements);
      copy.heads.set(chain, { ...head, hash: forged.hash });
      return seq;
    }
    case 'delete chain':
      copy.elements.delete(chain);
      copy.heads.delete(chain);
      return 1;
    case 'move head': {
      const seq = bit % head.seq;
      copy.heads.set(chain, { ...head, seq });
      // With the hash of the last record: bad where the head stands, or behind it.
      return seq === 0 ? 1 : seq;
    }
  }
}

describe('the verifier', () => {
  it('finds nothing in what was written', async () => {
    expect(spans[0]).toEqual({ first: 1, last: IN_BLOCK });
    const { findings, records, unsigned } = await verifyChains({ source: copySource(good), secrets: scene.secrets, checkpoints });
    expect(findings).toEqual([]);
    expect({ records, unsigned }).toEqual({ records: contents.length, unsigned: 1 });
  });

  it(`names the first bad record after any of ${MUTATIONS} changes, deletions, insertions, swaps, cuts and forgeries`, async () => {
    let spoilt = 0;
    await fc.assert(
      fc.asyncProperty(mutation, async (one) => {
        const copy = { heads: new Map(good.heads), elements: new Map(good.elements) };
        const expected = spoil(copy, one);
        if (expected === undefined) return;
        spoilt += 1;
        const { findings } = await verifyChains({ source: copySource(copy), secrets: scene.secrets, checkpoints });
        expect(findings).toEqual([expect.objectContaining({ kind: 'record', chain, seq: expected })]);
      }),
      { numRuns: MUTATIONS },
    );
    expect(spoilt).toBeGreaterThan(MUTATIONS / 2);
  }, 120_000);
});
