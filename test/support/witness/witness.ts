import { existsSync, readdirSync, rmSync } from 'node:fs';

import { bulkStrings } from '../redisContent.js';
import { askToSave } from './askToSave.js';
import { filesBelow, Findings, joined } from './Findings.js';
import { Kinds } from './Kinds.js';
import { sampleKeyspace } from './sampleKeyspace.js';
import { tally } from './tally.js';
import { WireListener } from './WireListener.js';

/** A server that is about to be removed. */
export interface LastState {
  readonly port: number;
  readonly dir: string;
  readonly isRunning: boolean;
  /** Why it cannot be asked to save, if so. */
  readonly closedBy?: string | undefined;
  /** Ends it. */
  readonly end: () => Promise<void>;
}

const findings = new Findings();
const kindsSent = new Kinds();
const wire = new WireListener((bytes) => findings.search('wire', 'a command that this process sent to Redis', [bytes], kindsSent.pick(bulkStrings(bytes))));
/** Programs that run, with what they have written. */
const talking = new Set<{ readonly place: string; readonly output: () => string }>();

/**
 * Looks for the people of the tests in everything that the tests' own Redis servers hold, are sent and print, in what
 * programs print, and in folders. A find is thrown where a server is stopped, so that the file fails which it happened in.
 */
export const witness = {
  started(port: number): void {
    if (!tally.isOpen) return;
    tally.note({ started: 1 });
    wire.add(port);
  },

  /** Ends a server and searches what it leaves. @throws what was found there, and elsewhere since the last call */
  async end({ port, dir, isRunning, closedBy, end }: LastState): Promise<void> {
    if (!tally.isOpen) return end();
    wire.remove(port); // what follows is the witness's own
    const isThere = existsSync(dir); // a test may have taken away its server's disk
    const hasLog = isThere && readdirSync(dir, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.aof'));
    const before = hasLog || !isThere ? [] : filesBelow(dir);
    // What an append-only file has need not be written again.
    const sample = !isRunning || closedBy !== undefined ? [] : await sampleKeyspace(port);
    const missed = hasLog ? undefined : !isRunning ? 'it had been killed' : (closedBy ?? (await askToSave(port)));
    await end();
    const files = [...before, ...(isThere ? filesBelow(dir) : [])]; // saving may write over one
    for (const { name, bytes } of files) findings.search('server', `${name} of a Redis server`, [bytes]);
    findings.search('server', 'a string of a Redis server', [], new Kinds().pick(sample));
    tally.note({ stopped: 1, ...(missed === undefined ? {} : { missed }) });
    for (const { place, output } of talking) findings.search('output', place, [Buffer.from(output())]);
    findings.check();
  },

  /** Searches what a program was given, and from then on what it writes. @returns to be called when it has ended */
  hears(name: string, given: readonly string[], output: () => string): () => void {
    if (!tally.isOpen) return () => undefined;
    if (given.length > 0) findings.search('output', `arguments and environment of ${name}`, [joined(given.map((text) => Buffer.from(text)))]);
    const program = { place: `what ${name} wrote`, output };
    talking.add(program);
    return () => {
      talking.delete(program);
      findings.search('output', program.place, [Buffer.from(output())]);
    };
  },

  /** Searches a folder and removes it. @throws like `end` */
  removeFolder(dir: string): void {
    if (tally.isOpen) for (const { name, bytes } of filesBelow(dir)) findings.search('folder', `the file ${name}`, [bytes]);
    rmSync(dir, { recursive: true, force: true });
    findings.check();
  },
};
