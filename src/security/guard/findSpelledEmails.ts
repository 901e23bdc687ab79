import { isPlainAt } from './characters.js';
import type { Span } from './Span.js';

const signs = ['[at]', '(at)', '{at}', ' at ', ' AT '];
const dots = [...['[dot]', '(dot)', '{dot}'].flatMap((dot) => [dot, ` ${dot} `]), ' dot ', ' DOT ', '.'];
const LONGEST = 64;
const MAX_LABELS = 5;

/** `jane.roe at example dot com` and the like. With plain dots in it the part before has to look like no word. */
export function findSpelledEmails(text: string, spans: Span[]): void {
  for (const sign of signs) {
    for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + sign.length)) {
      let localEnd = at;
      while (localEnd > 0 && text.charAt(localEnd - 1) === ' ' && at - localEnd < 2) localEnd--;
      const start = startOfLocal(text, localEnd);
      if (start === localEnd) continue;
      let from = at + sign.length;
      while (text.charAt(from) === ' ' && from - at < 8) from++;
      const domain = endOfDomain(text, from);
      if (domain === undefined) continue;
      const isPlainWord = sign.startsWith(' ') && !domain.isSpelled && !/[.\d_+]/.test(text.slice(start, localEnd));
      if (!isPlainWord) spans.push({ class: 'email', start, end: domain.end });
    }
  }
}

function startOfLocal(text: string, end: number): number {
  let start = end;
  while (start > 0 && end - start < LONGEST) {
    if (isPlainAt(text, start - 1) || '._+-'.includes(text.charAt(start - 1))) start--;
    else {
      const dot = dots.find((mark) => mark !== '.' && text.endsWith(mark, start) && start - mark.length > 0 && isPlainAt(text, start - mark.length - 1));
      if (dot === undefined) break;
      start -= dot.length;
    }
  }
  return start;
}

function endOfDomain(text: string, from: number): { readonly end: number; readonly isSpelled: boolean } | undefined {
  let index = from;
  let isSpelled = false;
  for (let label = 0; label < MAX_LABELS; label++) {
    const start = index;
    while (index - start < LONGEST && (isPlainAt(text, index) || text.charAt(index) === '-')) index++;
    if (index === start) return undefined;
    const dot = dots.find((mark) => text.startsWith(mark, index) && isPlainAt(text, index + mark.length));
    if (dot === undefined) return label > 0 && index - start >= 2 && /^[a-z]+$/i.test(text.slice(start, index)) ? { end: index, isSpelled } : undefined;
    if (dot !== '.') isSpelled = true;
    index += dot.length;
  }
  return undefined;
}
