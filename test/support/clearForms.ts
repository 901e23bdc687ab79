import { createHash } from 'node:crypto';

/** One way in which a text could lie open in bytes. */
export interface ClearForm {
  readonly text: string;
  readonly form: string;
  readonly bytes: Buffer;
}

const HASHES = ['md5', 'sha1', 'sha256', 'sha512'] as const;
/** A hash that was cut is found by its first bytes: index keys rarely have more than 8. */
const HASH_BYTES = 8;

/**
 * Every form in which `text` counts as lying open: as it is, in other cases and escapes, UTF-16, hex, base64 wherever it
 * begins, and as a hash without a key, which a list of guesses opens.
 */
export function clearForms(text: string): ClearForm[] {
  const utf8 = Buffer.from(text, 'utf8');
  const utf16le = Buffer.from(text, 'utf16le');
  const utf16be = Buffer.from(utf16le).swap16();
  const forms: (readonly [form: string, bytes: Buffer])[] = [
    ['clear', utf8],
    ['lower case', Buffer.from(text.toLowerCase())],
    ['upper case', Buffer.from(text.toUpperCase())],
    ['reversed', Buffer.from(Array.from(text).toReversed().join(''))],
    ['latin1', Buffer.from(text, 'latin1')],
    ['in a URL', Buffer.from(encodeURIComponent(text))],
    ['in a form', Buffer.from(new URLSearchParams({ '': text }).toString().slice(1))],
    ['in HTML', Buffer.from(inHtml(text))],
    ['in JSON', Buffer.from(JSON.stringify(text).slice(1, -1))],
    ['in JSON, escaped', Buffer.from(escapeUnicode(text))],
    ['UTF-16LE', utf16le],
    ['UTF-16BE', utf16be],
    ...encodedForms('', utf8),
    ...encodedForms('UTF-16LE in ', utf16le),
    ...encodedForms('UTF-16BE in ', utf16be),
    ...HASHES.flatMap((name) => {
      const digest = createHash(name).update(utf8).digest().subarray(0, HASH_BYTES);
      return [[name, digest] as const, ...encodedForms(`${name} in `, digest)];
    }),
  ];
  return unique(forms.map(([form, bytes]) => ({ text, form, bytes })));
}

/** Every form of a number: its digits as a text, and its bytes as a double. */
export function clearNumberForms(value: number): ClearForm[] {
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value);
  const swapped = Buffer.from(double).swap64();
  const text = String(value);
  return [
    ...clearForms(text),
    ...[['double', double], ['double, big-endian', swapped]].flatMap(([form, bytes]) => [
      { text, form: form as string, bytes: bytes as Buffer }, // the two pairs of the line above
      ...encodedForms(`${form as string} in `, bytes as Buffer).map(([name, encoded]) => ({ text, form: name, bytes: encoded })),
    ]),
  ];
}

/** The forms that occur in `haystack`, as sentences. Empty is what one hopes for. */
export function findForms(haystack: Uint8Array, forms: readonly ClearForm[]): string[] {
  const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
  return forms.filter((form) => bytes.includes(form.bytes)).map(({ form, text }) => `${text} (${form})`);
}

function encodedForms(before: string, bytes: Buffer): (readonly [form: string, bytes: Buffer])[] {
  const hex = bytes.toString('hex');
  return [
    [`${before}hex`, Buffer.from(hex)],
    [`${before}HEX`, Buffer.from(hex.toUpperCase())],
    ...[0, 1, 2].flatMap((shift) => {
      const text = base64At(bytes, shift);
      const urlText = text.replaceAll('+', '-').replaceAll('/', '_');
      return [
        [`${before}base64 at ${shift}`, Buffer.from(text)] as const,
        [`${before}base64url at ${shift}`, Buffer.from(urlText)] as const,
      ];
    }),
  ];
}

/** The base64 characters that `bytes` alone decide when `shift` other bytes (modulo 3) stand before them. */
function base64At(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
}

function inHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function escapeUnicode(text: string): string {
  return Array.from({ length: text.length }, (_, place) => String.raw`\u` + text.charCodeAt(place).toString(16).padStart(4, '0')).join('');
}

function unique(forms: readonly ClearForm[]): ClearForm[] {
  const known = new Map<string, ClearForm>();
  for (const form of forms) {
    const name = form.bytes.toString('hex');
    if (!known.has(name)) known.set(name, form);
  }
  return [...known.values()];
}
