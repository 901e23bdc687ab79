import { createGuard } from '../../src/security/guard/createGuard.js';
import { benignTexts } from './benign.js';

export interface Cost {
  readonly what: string;
  /** µs of processor time, the best of several rounds. */
  readonly micros: number;
}

const ROUNDS = 9;
const EVENTS = 40_000;

const documented: readonly (readonly [string, string])[] = [
  ['action', 'click'],
  ['target', 'submit-button'],
  ['page', '/therapy/session'],
  ['browser', 'Chrome'],
  ['os', 'macOS'],
];

/** What the guard adds to tracking an event: the documented one, and texts that it has not seen before. */
export function measureCost(): readonly Cost[] {
  const guard = createGuard();
  const texts = benignTexts(ROUNDS * EVENTS, 7);
  let next = 0;
  return [
    { what: 'the documented user action, all of it', micros: best(() => documented.forEach(([key, text]) => guard.text(guard.rule(key), text))) },
    { what: 'the same with a page that never came before', micros: best(() => documented.forEach(([key, text]) => guard.text(guard.rule(key), key === 'page' ? `${text}/${next++}` : text))) },
    { what: 'one text of the benign ones, new each time', micros: best(() => guard.text(guard.rule('label'), texts[next++ % texts.length] ?? '')) },
  ];
}

function best(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let event = 0; event < EVENTS; event++) work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / EVENTS);
  }
  return least;
}
