import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { clearForms } from '../clearForms.js';
import { FormFinder } from '../FormFinder.js';
import { unwrapped } from '../unwrapped.js';
import { witnessed } from './people.js';
import { tally, type Searched } from './tally.js';

const names = new Map(witnessed.map(([name, text]) => [text, name]));
/** Forms that are named; of the others there is a count. */
const MOST_SAID = 4;
let finder: FormFinder | undefined;

/** What was found open and not yet thrown. Never with the text itself: its name in `people` says which it was. */
export class Findings {
  readonly #found = new Set<string>();

  /** Searches `parts` for what they are; the `deep` ones also for what comes of them decoded and decompressed. */
  search(kind: Searched, where: string, parts: readonly Buffer[], deep: readonly Buffer[] = []): void {
    const startedAt = performance.now();
    finder ??= new FormFinder(witnessed.flatMap(([, text]) => clearForms(text)));
    const open = [...parts.flatMap((part) => [...finder!.find(part)]), ...(deep.length === 0 ? [] : finder.find(joined(deep.flatMap((one) => unwrapped(one)))))];
    const found = [...new Set(open.map(({ text }) => text))].map((text) => `people.${names.get(text) ?? '?'} in ${withoutPeople(where)}: ${sentence(open.flatMap((one) => (one.text === text ? [one.form] : [])))}`);
    for (const one of found) this.#found.add(one);
    const bytes = parts.reduce((total, part) => total + part.length, 0);
    tally.note({ searched: kind, bytes, ms: performance.now() - startedAt, ...(found.length > 0 ? { found } : {}) });
  }

  /** @throws when something was found since the last call */
  check(): void {
    if (this.#found.size === 0) return;
    const all = [...this.#found];
    this.#found.clear();
    throw new Error(`The witness found people of the tests lying open:\n${all.join('\n')}`);
  }
}

/** Names of files and programs may be what was found. */
function withoutPeople(where: string): string {
  return witnessed.reduce((text, [name, person]) => text.replaceAll(person, `people.${name}`), where);
}

function sentence(forms: readonly string[]): string {
  const all = [...new Set(forms)];
  return all.length <= MOST_SAID ? all.join(', ') : `${all.slice(0, MOST_SAID).join(', ')} and ${all.length - MOST_SAID} other forms`;
}

/** Everything in a folder and below; each file with its name before what it holds. */
export function filesBelow(folder: string): { readonly name: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      try {
        const content = readFileSync(join(entry.parentPath, entry.name));
        return [{ name: entry.name, bytes: Buffer.concat([Buffer.from(`${entry.name}\n`), content]) }];
      } catch (error) {
        // A server that runs removes files of its own.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
}

/** One haystack: each search of a small one costs more than the search itself. */
export function joined(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [part, Buffer.of(0)]));
}
