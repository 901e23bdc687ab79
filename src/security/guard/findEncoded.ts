import { isPlainAt } from './characters.js';
import type { GuardClass } from './Guard.js';
import type { Span } from './Span.js';

/** Base64 of 9 bytes: shorter texts hold no identifier that is one without words around it. */
const SHORTEST_RUN = 12;
/** Base64 of a photograph or a template is longer than a word that starts alike. */
const SHORTEST_PAYLOAD = 64;

/** @param find what tells the class of the first identifier in a decoded text */
type Find = (text: string) => GuardClass | undefined;

const DIGITS = Int8Array.from({ length: 128 }, (_, code) => {
  const place = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(String.fromCharCode(code));
  if (place >= 0) return place;
  return code === 45 ? 62 : code === 95 ? 63 : -1; // `-` and `_` of base64url
});

/** Texts in base64 that hold an identifier, and photographs, recordings and templates by the first bytes of their kinds. */
export function findInBase64(text: string, spans: Span[], find: Find): void {
  for (let index = 0; index < text.length; ) {
    let end = index;
    while ((DIGITS[text.charCodeAt(end)] ?? -1) >= 0) end++;
    if (end - index >= SHORTEST_RUN) inRun(text, index, end, spans, find);
    index = end + 1;
  }
}

/** The run as a whole, else its parts: in a path the strokes around base64 are in its alphabet too. */
function inRun(text: string, start: number, end: number, spans: Span[], find: Find): void {
  if (tryRun(text, start, end, spans, find)) return;
  let from = start;
  for (let index = start; index <= end; index++) {
    if (index < end && isPlainAt(text, index)) continue;
    if (index - from >= SHORTEST_RUN && (from > start || index < end)) tryRun(text, from, index, spans, find);
    from = index + 1;
  }
}

function tryRun(text: string, start: number, end: number, spans: Span[], find: Find): boolean {
  const found = payloadClass(text, start, end) ?? classOfText(decoded(text, start, end), find);
  if (found === undefined) return false;
  let last = end;
  while (last < end + 2 && text.charAt(last) === '=') last++;
  spans.push({ class: found, start, end: last });
  return true;
}

function classOfText(text: string | undefined, find: Find): GuardClass | undefined {
  return text === undefined ? undefined : find(text);
}

// JPEG, PNG, GIF; fingerprints, faces and irises by ISO/IEC 19794 (FMR, FIR, FAC, IIR); MP3 and Ogg.
const beginnings: readonly (readonly [string, GuardClass])[] = [
  ...['/9j/', 'iVBORw0KGg', 'R0lGODlh', 'R0lGODdh'].map((beginning) => [beginning, 'photo'] as const),
  ...['Rk1SA', 'RklSA', 'RkFDA', 'SUlSA', 'SUQz', 'T2dnU'].map((beginning) => [beginning, 'biometric'] as const),
];

function payloadClass(text: string, start: number, end: number): GuardClass | undefined {
  if (end - start < SHORTEST_PAYLOAD) return undefined;
  for (const [beginning, identifier] of beginnings) if (text.startsWith(beginning, start)) return identifier;
  if (!text.startsWith('UklGR', start)) return undefined;
  // RIFF: its kind stands in bytes 8 to 11.
  return Buffer.from(text.slice(start, start + 16), 'base64').subarray(8, 12).toString('latin1') === 'WEBP' ? 'photo' : 'biometric';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns undefined as soon as a byte shows that it is no text: of words and ids that is the first or second */
function decoded(text: string, start: number, end: number): string | undefined {
  let bits = 0;
  let count = 0;
  let isAscii = true;
  for (let index = start; index < end; index++) {
    bits = ((bits << 6) | (DIGITS[text.charCodeAt(index)] ?? 0)) & 0xfff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    const byte = (bits >> count) & 0xff;
    if (byte < 32 ? byte !== 9 && byte !== 10 && byte !== 13 : byte === 127 || byte > 244) return undefined;
    if (byte > 127) isAscii = false;
  }
  const bytes = Buffer.from(text.slice(start, end), 'base64');
  if (isAscii) return bytes.toString('latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const ends = new Set(' \t\n\r?&#=;,"\'<>()/');

/** Parts of a URL whose `%xx` hide an identifier: the whole part is marked, up to what separates it. */
export function findInPercent(text: string, spans: Span[], find: Find): void {
  for (let start = 0; start < text.length; ) {
    let end = start;
    let isEncoded = false;
    while (end < text.length && !ends.has(text.charAt(end))) {
      if (text.charAt(end) === '%') isEncoded = true;
      end++;
    }
    if (isEncoded) {
      const found = classOfText(unescaped(text.slice(start, end)), find);
      if (found !== undefined) spans.push({ class: found, start, end });
    }
    start = end + 1;
  }
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

const mediaTypes: readonly (readonly [string, GuardClass])[] = [
  ['data:image/', 'photo'],
  ['data:video/', 'photo'],
  ['data:audio/', 'biometric'],
];

/** Pictures and recordings that stand in the text as `data:` URLs. */
export function findDataUrls(text: string, spans: Span[]): void {
  for (const [beginning, identifier] of mediaTypes) {
    for (let start = text.indexOf(beginning); start >= 0; ) {
      let end = start + beginning.length;
      while (end < text.length && !' \t\n\r"\'()<>'.includes(text.charAt(end))) end++;
      spans.push({ class: identifier, start, end });
      start = text.indexOf(beginning, end);
    }
  }
}
