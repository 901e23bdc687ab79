import { createRandom } from '../data/events.js';
import { disguiseNames, disguises } from './disguises.js';
import { Draw } from './Draw.js';
import { letters, makers, type Letter } from './makers.js';

/** A text with an identifier of a person in it. */
export interface Fixture {
  readonly letter: Letter;
  readonly disguise: string;
  readonly key: string;
  readonly text: string;
  /** None of these may be left, read without marks and spaces. */
  readonly parts: readonly string[];
}

const PLAIN_SHARE = 0.35;

/** The same for the same seed. @param count of each of the 18 classes; no text comes twice */
export function fixtures(count: number, seed = 1): readonly Fixture[] {
  return letters.flatMap((letter, place) => fixturesOf(letter, count, new Draw(createRandom(seed * 100 + place))));
}

function fixturesOf(letter: Letter, count: number, draw: Draw): Fixture[] {
  const made = new Map<string, Fixture>();
  while (made.size < count) {
    const clean = makers[letter](draw);
    const disguise = draw.chance(PLAIN_SHARE) ? 'none' : draw.one(disguiseNames);
    const text = disguises[disguise]?.(clean, draw) ?? '';
    const parts = clean.parts.length > 0 ? clean.parts : [clean.identifier];
    made.set(`${clean.key ?? ''} ${text}`, { letter, disguise, key: clean.key ?? 'label', text, parts });
  }
  return [...made.values()];
}
