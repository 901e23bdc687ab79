import { createGuard } from '../../src/security/guard/createGuard.js';
import { foldText } from '../../src/security/guard/foldText.js';
import { skeletonOf } from '../../src/security/guard/skeletonOf.js';
import { benignTexts } from './benign.js';
import { fixtures, type Fixture } from './fixtures.js';
import { letters, titles, type Letter } from './makers.js';

export interface ClassRow {
  readonly letter: Letter;
  readonly title: string;
  readonly fixtures: number;
  readonly found: number;
  readonly missed: readonly Fixture[];
}

export interface Measurement {
  readonly rows: readonly ClassRow[];
  readonly byDisguise: Readonly<Record<string, { readonly fixtures: number; readonly found: number }>>;
  readonly benign: number;
  readonly falsePositives: readonly string[];
}

/** Runs the guard as it is by default over fixtures of each class, and over texts of nobody. */
export function measure({ count = 400, benignCount = 20_000, seed = 1 }: { readonly count?: number; readonly benignCount?: number; readonly seed?: number } = {}): Measurement {
  const guard = createGuard();
  const judged = fixtures(count, seed).map((fixture) => ({ fixture, isFound: !leaks(fixture, guard.text(guard.rule(fixture.key), fixture.text)) }));
  const rows = letters.map((letter) => {
    const own = judged.filter(({ fixture }) => fixture.letter === letter);
    const missed = own.filter(({ isFound }) => !isFound).map(({ fixture }) => fixture);
    return { letter, title: titles[letter], fixtures: own.length, found: own.length - missed.length, missed };
  });
  const byDisguise: Record<string, { fixtures: number; found: number }> = {};
  for (const { fixture, isFound } of judged) {
    const row = (byDisguise[fixture.disguise] ??= { fixtures: 0, found: 0 });
    row.fixtures += 1;
    if (isFound) row.found += 1;
  }
  const texts = benignTexts(benignCount, seed);
  const plain = guard.rule('label');
  return { rows, byDisguise, benign: texts.length, falsePositives: texts.filter((text) => guard.text(plain, text) !== text) };
}

/** Whether something of the identifier is still to be read in what the guard made of it. */
function leaks({ parts, text }: Fixture, verdict: unknown): boolean {
  if (typeof verdict !== 'string') return false;
  if (verdict === text) return true;
  const readings = [verdict, decodedPercent(verdict), ...(verdict.match(/[A-Za-z0-9+/_-]{12,}={0,2}/g) ?? []).map((run) => Buffer.from(run, 'base64').toString())];
  return readings.some((reading) => parts.some((part) => bare(reading).includes(bare(part))));
}

function decodedPercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bare(text: string): string {
  const plain = text.replaceAll(/&#(\d{1,6});/g, (_, point: string) => String.fromCodePoint(Number(point)));
  return skeletonOf(foldText(plain)).toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
