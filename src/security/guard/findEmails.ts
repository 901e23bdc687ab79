import type { Span } from './Span.js';

const atSign = /@|%40/g;
// What ends a mail address on either side. Anything else may be in one: quoted and international addresses exist.
const stop = /[\s@<>()[\]\\,;:"'`|{}/?#&=!*]/;
const topLevelDomain = /^(?:\p{L}{2,}|xn--[\p{L}\d-]{2,})$/u;
// `icon@2x.png` is a file.
const densitySuffix = /^\d(?:\.\d)?x\./;

const LOCAL_LENGTH = 64;
const DOMAIN_LENGTH = 253;
const USERINFO_LENGTH = 256;

/** Mail addresses, also with `%40` for the at sign, and the user and password in `scheme://user:password@host`. */
export function findEmails(text: string, spans: Span[]): void {
  const hasScheme = text.includes('://');
  // Nothing is looked at twice: what is before the last at sign belongs to it.
  let floor = 0;
  atSign.lastIndex = 0;
  for (let sign = atSign.exec(text); sign !== null; sign = atSign.exec(text)) {
    const at = sign.index;
    const after = at + sign[0].length;
    const userinfo = hasScheme ? startOfUserinfo(text, at, floor) : undefined;
    const first = Math.max(floor, at - LOCAL_LENGTH);
    floor = after;
    if (userinfo !== undefined) {
      spans.push({ class: 'url', start: userinfo, end: at });
      continue;
    }
    let start = at;
    while (start > first && !stop.test(text.charAt(start - 1))) start--;
    let end = after;
    while (end < text.length && end - after < DOMAIN_LENGTH && !stop.test(text.charAt(end)) && text.charAt(end) !== '%') end++;
    while (end > after && text.charAt(end - 1) === '.') end--;
    const domain = text.slice(after, end);
    const lastDot = domain.lastIndexOf('.');
    if (start < at && lastDot > 0 && topLevelDomain.test(domain.slice(lastDot + 1)) && !densitySuffix.test(domain)) {
      spans.push({ class: 'email', start, end });
    }
  }
}

function startOfUserinfo(text: string, at: number, floor: number): number | undefined {
  for (let start = at; start > Math.max(floor, at - USERINFO_LENGTH); start--) {
    const before = text.charAt(start - 1);
    if (before === '/') return text.startsWith('://', start - 3) && start < at ? start : undefined;
    if (before === '?' || before === '#' || /\s/.test(before)) return undefined;
  }
  return undefined;
}
