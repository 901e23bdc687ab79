import type { GuardClass } from './Guard.js';

/** Where an identifier stands in a text: from `start` up to, not including, `end`. */
export interface Span {
  readonly class: GuardClass;
  readonly start: number;
  readonly end: number;
}

/** Adds a span for each match of a global regular expression that `accepts`. The pattern has to be linear. */
export function addMatches(
  spans: Span[],
  identifier: GuardClass,
  pattern: RegExp,
  text: string,
  accepts: (match: string, start: number) => boolean = () => true,
): void {
  // `exec` in a loop, since `matchAll` copies the pattern each time, which costs more than most matching here.
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (accepts(match[0], match.index)) spans.push({ class: identifier, start: match.index, end: match.index + match[0].length });
  }
}

/** Adds a span for the group `identifier` of each match; the pattern needs the flags `d` and `g`. */
export function addGroups(spans: Span[], identifier: GuardClass, pattern: RegExp, text: string): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const place = match.indices?.groups?.['identifier'];
    if (place !== undefined) spans.push({ class: identifier, start: place[0], end: place[1] });
  }
}
