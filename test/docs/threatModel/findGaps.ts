import { existsSync, readFileSync } from 'node:fs';

import type { Listing } from './readInventory.js';
import { readPage, type Section } from './readPage.js';

/** The column that names who attacks, by the letters of the table of adversaries. */
const THREATS = 'threatened by';
const USERS = 'Redis users';
const ADVERSARIES = 'Adversaries';
const ROW = 'what it holds or does, in which form, who may reach it, which adversaries (by letter) threaten it, what answers them (with a link to a test or page), and what remains';

/**
 * Where a threat model and the code disagree, each with what to do; none when they agree.
 * @param text the page
 * @param folder where it lies: its links are followed from there
 */
export function findGaps(text: string, folder: URL, inventory: readonly Listing[]): string[] {
  const sections = readPage(text);
  const letters = new Set(sections.find(({ title }) => title === ADVERSARIES)?.rows.flatMap(({ names }) => names));
  return [
    ...inventory.flatMap((listing) => gapsOf(listing, sections.find(({ title }) => title === listing.section))),
    ...sections.flatMap((section) => [...emptyCells(section), ...unknownLetters(section, letters)]),
    ...deadLinks(text, folder),
  ];
}

function gapsOf({ section: title, from, names, users }: Listing, section: Section | undefined): string[] {
  if (section === undefined) return [`There is no table below "## ${title}". It has a row for each of: ${names.join(', ')} (${from}).`];
  const rows = section.rows.flatMap(({ names: written, cells }) => written.map((name) => ({ name: withStars(name), cells })));
  const here = new Set(rows.map(({ name }) => name));
  const column = section.columns.indexOf(USERS);
  return [
    ...names.filter((name) => !here.has(name)).map((name) => `"${title}" has no row for ${name}, which is in ${from}. Add one: ${ROW}.`),
    ...[...here].filter((name) => !names.includes(name)).map((name) => `"${title}" has a row for ${name}, which is not in ${from}. Take it out, or correct its name.`),
    ...rows.filter(({ name }, place) => rows.findIndex((row) => row.name === name) < place).map(({ name }) => `"${title}" has ${name} twice. Leave one of them.`),
    ...rows.flatMap(({ name, cells }) => {
      const right = users?.get(name);
      if (right === undefined || cells[column] === right) return [];
      return [`"${title}" says that ${name} may be reached by the Redis users "${cells[column] ?? ''}"; src/redis/acl/aclUsers.ts says "${right}". Correct the column "${USERS}", or the rights.`];
    }),
  ];
}

/** `{type}` stands for a name, as `*` does in lists of the code. */
function withStars(name: string): string {
  return name.replaceAll(/\{[^}]+\}/g, '*');
}

function emptyCells({ title, columns, rows }: Section): string[] {
  return rows.flatMap(({ cells }) =>
    columns.flatMap((column, place) => ((cells[place] ?? '') === '' ? [`"${title}": the row of ${cells[0] ?? ''} says nothing of "${column}".`] : [])),
  );
}

function unknownLetters({ title, columns, rows }: Section, letters: ReadonlySet<string>): string[] {
  const column = columns.indexOf(THREATS);
  if (column < 0) return [];
  return rows.flatMap(({ cells }) => {
    const cell = cells[column] ?? '';
    // A row that nobody threatens says why in words.
    if (cell.startsWith('nobody')) return [];
    const unknown = cell.split(/,\s*/).filter((letter) => !letters.has(letter));
    return unknown.length === 0 ? [] : [`"${title}": the row of ${cells[0] ?? ''} is threatened by "${unknown.join(', ')}", which the table of adversaries does not have.`];
  });
}

/** Links to files that are not there, and words that the test which they are said to be of does not have. */
function deadLinks(text: string, folder: URL): string[] {
  return [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)(?:: ((?:“[^”]+”(?:, )?)+))?/g)].flatMap(([, path = '', quoted = '']) => {
    const file = new URL(path, folder);
    if (!existsSync(file)) return [`It links to ${path}, which is not there.`];
    const content = quoted === '' ? '' : readFileSync(file, 'utf8');
    return [...quoted.matchAll(/“([^”]+)”/g)].flatMap(([, words = '']) => (content.includes(words) ? [] : [`It names the test “${words}” of ${path}, which has none of that name.`]));
  });
}
