import { isDigitAt, isLetterAt, isPlainAt } from './characters.js';
import type { Span } from './Span.js';

/** Hosts whose first path segment is somebody's, and what stands before the segment if anything does. */
const profiles: readonly string[] = (
  'facebook.com/ twitter.com/ x.com/ instagram.com/ linkedin.com/in/ github.com/ tiktok.com/@ youtube.com/@ reddit.com/user/ reddit.com/u/ pinterest.com/ snapchat.com/add/ t.me/ wa.me/ threads.net/@ medium.com/@'
).split(' ');
/** Segments of those hosts that are nobody's. */
const nobodys = new Set('share sharer sharer.php intent home login search explore about help watch plugins tr dialog hashtag i in user'.split(' '));
const collections = new Set('patient patients client clients member members'.split(' '));
const users = new Set('user users people profiles therapist therapists staff'.split(' '));

/** What follows a collection and is nobody's. */
const routes = new Set('new list all search edit add create index settings profile notes export import archive archived overview dashboard report reports me invite active count stats status import upload help'.split(' '));

const MAX_SEGMENT = 256;
const LONGEST_HANDLE = 30;

/** Addresses that name a person: profiles, `/~jane`, `/patients/jane.roe`; and handles such as `@jane_roe`. */
export function findPersonalUrls(text: string, spans: Span[]): void {
  if (text.includes('://')) findProfiles(text, spans);
  findSegments(text, spans);
  if (text.includes('@')) findHandles(text, spans);
}

function endOfSegment(text: string, start: number): number {
  let end = start;
  while (end < text.length && end - start < MAX_SEGMENT && !'/?#& \t\n\r"\'<>),'.includes(text.charAt(end))) end++;
  return end;
}

function findProfiles(text: string, spans: Span[]): void {
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    let host = at + 3;
    for (const prefix of ['www.', 'm.', 'mobile.']) if (text.startsWith(prefix, host)) host += prefix.length;
    const profile = profiles.find((known) => text.startsWith(known, host));
    if (profile === undefined) continue;
    const start = host + profile.length;
    const end = endOfSegment(text, start);
    const segment = text.slice(start, end);
    if (segment === '' || nobodys.has(segment) || (segment.endsWith('.php') && segment !== 'profile.php')) continue;
    // A second segment is somebody's thing, such as a repository.
    if (text.charAt(end) === '/' && isPlainAt(text, end + 1) && profile === 'github.com/') continue;
    const isQuery = segment === 'profile.php' && text.charAt(end) === '?';
    spans.push({ class: 'url', start, end: isQuery ? endOfQuery(text, end) : end });
  }
}

function endOfQuery(text: string, start: number): number {
  let end = start;
  while (end < text.length && end - start < MAX_SEGMENT && !' \t\n\r"\'<>)'.includes(text.charAt(end))) end++;
  return end;
}

/** Segments after `/~`, and after a word for people. */
function findSegments(text: string, spans: Span[]): void {
  for (let slash = text.indexOf('/'); slash >= 0; slash = text.indexOf('/', slash + 1)) {
    const start = slash + 1;
    if (text.charAt(start) === '~' && isLetterAt(text, start + 1)) {
      spans.push({ class: 'url', start: start + 1, end: endOfSegment(text, start) });
      continue;
    }
    if (!isLetterAt(text, start)) continue;
    let end = start;
    while (end - start < 12 && isLetterAt(text, end)) end++;
    if (text.charAt(end) !== '/') continue;
    const word = text.slice(start, end).toLowerCase();
    const isCollection = collections.has(word);
    if (!isCollection && !users.has(word)) continue;
    const last = endOfSegment(text, end + 1);
    if (isSomebodys(text, end + 1, last, isCollection)) spans.push({ class: 'url', start: end + 1, end: last });
  }
}

/** `jane.roe`, `jroe42`; of patients also `jroe` and `1234`. Not `settings` and `new`, and no file. */
function isSomebodys(text: string, start: number, end: number, isCollection: boolean): boolean {
  if (end - start > LONGEST_HANDLE) return false;
  let letters = 0;
  let digits = 0;
  let joints = 0;
  for (let index = start; index < end; index++) {
    if (isLetterAt(text, index)) letters++;
    else if (isDigitAt(text, index)) digits++;
    else if ('._+'.includes(text.charAt(index))) joints++;
    else return false;
  }
  if (/\.(?:js|css|html?|png|svg|json|php|jpe?g|ico|txt|xml)$/i.test(text.slice(Math.max(start, end - 6), end))) return false;
  if (letters > 0 && joints + digits === 0) return isCollection && !routes.has(text.slice(start, end).toLowerCase());
  return (letters > 0 && joints > 0) || (digits > 0 && (isCollection || letters > 0));
}

/** With a digit or an underscore: `@media` and `@scope/package` are code. */
function findHandles(text: string, spans: Span[]): void {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    if (at > 0 && !' \t\n(,:'.includes(text.charAt(at - 1))) continue;
    let end = at + 1;
    let isTold = false;
    while (end - at <= LONGEST_HANDLE && (isPlainAt(text, end) || text.charAt(end) === '_')) {
      if (!isLetterAt(text, end)) isTold = true;
      end++;
    }
    const isHandle = isTold && isLetterAt(text, at + 1) && end - at > 3 && text.charAt(end) !== '/' && text.charAt(end) !== '@';
    if (isHandle) spans.push({ class: 'url', start: at, end });
  }
}
