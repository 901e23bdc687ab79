import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

import type { AuditKeys } from '../../security/AuditKeys.js';
import { checkpointFiles } from '../checkpoints/CheckpointFile.js';
import { FIRST_LINE_PREVIOUS, hashOfLine, readLine, type Statement } from '../checkpoints/Statement.js';
import { Anchors } from './Anchors.js';
import type { Finding } from './Finding.js';

/** What the files of checkpoints say, of all folders together. */
export interface Checkpoints {
  readonly anchors: ReadonlyMap<string, Anchors>;
  readonly statements: number;
  /** What is wrong with the files themselves. */
  readonly findings: readonly Finding[];
}

/** Reads every file of checkpoints in the folders, and checks signatures, and that no line is missing. @throws what the file system says */
export async function readCheckpoints(folders: readonly string[], keys: AuditKeys): Promise<Checkpoints> {
  const anchors = new Map<string, Anchors>();
  const findings: Finding[] = [];
  const anchorsOf = (chain: string): Anchors => {
    let known = anchors.get(chain);
    if (known === undefined) anchors.set(chain, (known = new Anchors()));
    return known;
  };
  let statements = 0;
  for (const folder of folders) {
    // Several processes may have begun a file at once.
    const lines = new Set([FIRST_LINE_PREVIOUS]);
    const numbers = new Map<string, number>();
    let isFirst = true;
    for await (const { file, number, line } of linesOf(folder)) {
      const found = (problem: string): void => void findings.push({ kind: 'checkpoint', file: path.join(folder, file), line: number, problem });
      const read = readLine(line, keys);
      const hash = hashOfLine(line);
      if ('fault' in read) {
        // What a process left that died while it wrote was never counted on; whatever else is missing shows in the numbers.
        if (read.fault !== 'malformed') found(read.fault === 'unknown key' ? 'is signed under a key that this process does not hold' : 'has a signature that is not right');
      } else {
        const { statement } = read;
        statements += 1;
        const expected = (numbers.get(statement.writer) ?? 0) + 1;
        // The first file that is kept may begin in the middle.
        if (!isFirst && !lines.has(statement.previous)) found('names a line before it that is not there');
        else if (statement.n !== expected && numbers.has(statement.writer)) found(`is statement ${statement.n} of its writer, and ${expected} is missing`);
        numbers.set(statement.writer, statement.n);
        take(statement, anchorsOf);
      }
      isFirst = false;
      lines.add(hash);
    }
  }
  return { anchors, statements, findings };
}

function take(statement: Statement, anchorsOf: (chain: string) => Anchors): void {
  if (statement.kind === 'heads') for (const [chain, seq, hash] of statement.heads) anchorsOf(chain).addHash(seq, hash);
  else anchorsOf(statement.chain).add(statement);
}

async function* linesOf(folder: string): AsyncGenerator<{ file: string; number: number; line: string }> {
  for (const file of await checkpointFiles(folder)) {
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(path.join(folder, file)), crlfDelay: Infinity })) {
      number += 1;
      if (line !== '') yield { file, number, line };
    }
  }
}
