import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/**
 * Opens the witness's notes before the tests, and says at the end what it has searched. Fails the run for what was found,
 * also where no test was left to throw it in, and when a whole run has shown it nothing.
 */
export default class WitnessReporter {
  #folder;
  #error;
  #config;
  #say;

  constructor(config, { say = console.error } = {}) {
    this.#config = config;
    this.#say = say;
  }

  onRunStart() {
    this.#folder = mkdtempSync(join(tmpdir(), 'analytics-witness-'));
    process.env.ANALYTICS_TEST_WITNESS = this.#folder; // the workers have it from this process
  }

  onRunComplete(_contexts, results) {
    const notes = readNotes(this.#folder);
    rmSync(this.#folder, { recursive: true, force: true });
    const found = notes.flatMap(({ file, found = [] }) => found.map((what) => `${relative(this.#config.rootDir, file)}: ${what}`));
    const sum = (member) => notes.reduce((total, note) => total + (note[member] ?? 0), 0);
    const of = (kind) => notes.filter(({ searched }) => searched === kind);
    const megabytes = (kind) => (of(kind).reduce((total, { bytes }) => total + bytes, 0) / 1e6).toFixed(1);
    const missed = notes.flatMap(({ missed: why }) => (why === undefined ? [] : [why]));
    const [started, stopped] = [sum('started'), sum('stopped')];
    const planted = new Set(notes.flatMap(({ file, planted: is }) => (is ? [file] : []))).size;
    const bytes = sum('bytes');
    const verdict = found.length === 0 ? 'nothing found' : `${found.length} found`;
    this.#say(
      `witness: ${stopped} of ${started} Redis servers (${missed.length} for their sent commands alone${reasons(missed)}), ${megabytes('server')} MB; ` +
        `${megabytes('wire')} MB sent to them, ${of('output').length} outputs, ${of('folder').length} files; ` +
        `people in ${planted} test files; searched in ${(sum('ms') / 1000).toFixed(1)} s, ${verdict}`,
    );
    for (const what of new Set(found)) this.#say(`witness: ${what}`);
    const isWhole = results.numTotalTestSuites >= 100;
    if (found.length > 0) this.#error = new Error(`The witness found people of the tests lying open, ${found.length} times.`);
    else if ((started > 0 && bytes === 0) || (isWhole && (stopped === 0 || planted === 0))) this.#error = new Error('The witness saw nothing of this run: it proves nothing.');
  }

  getLastError() {
    return this.#error;
  }
}

function readNotes(folder) {
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  );
}

/** @returns such as `: 3 had been killed, 1 NOAUTH` */
function reasons(all) {
  const counts = new Map();
  for (const why of all) counts.set(why, (counts.get(why) ?? 0) + 1);
  return all.length === 0 ? '' : `: ${[...counts].map(([why, count]) => `${count} ${why}`).join(', ')}`;
}
