import { Readable } from 'node:stream';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { eachLine } from '../../src/processing/children/eachLine.js';

async function linesOf(pieces: readonly Buffer[]): Promise<string[]> {
  const lines: string[] = [];
  const stream = Readable.from(pieces, { objectMode: false });
  eachLine(stream, (line) => lines.push(line));
  await new Promise((resolve) => stream.on('close', resolve));
  return lines;
}

describe('the lines of a child', () => {
  it('are the same however its output is cut, also within a character', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(40)), async (parts, cuts) => {
        const text = parts.map((part) => part.replaceAll('\n', '')).join('\n');
        const bytes = Buffer.from(text);
        const pieces: Buffer[] = [];
        let from = 0;
        for (const cut of cuts) {
          pieces.push(bytes.subarray(from, from + cut));
          from = Math.min(bytes.length, from + cut);
        }
        pieces.push(bytes.subarray(from));
        const expected = bytes.toString().split('\n').filter((line) => line !== '');
        expect(await linesOf(pieces.filter(({ length }) => length > 0))).toEqual(expected);
      }),
    );
  });

  it('are cut off when they do not end', async () => {
    const lines = await linesOf([Buffer.alloc(100_000, 'x'), Buffer.from('\nnext\n')]);
    expect(lines[0]!.length).toBeLessThanOrEqual(8000);
    expect(lines[1]).toBe('next');
  });
});
