/** What a character is, by its code; everything beyond ASCII is `OTHER`. Half the cost of a regular expression or a Set. */
export const OTHER = 0;
export const LOWER = 1;
export const UPPER = 2;
export const DIGIT = 3;

const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 48 && code <= 57) return DIGIT;
  if (code >= 65 && code <= 90) return UPPER;
  return code >= 97 && code <= 122 ? LOWER : OTHER;
});

export function kindAt(text: string, index: number): number {
  return KINDS[text.charCodeAt(index)] ?? OTHER;
}

export function isDigitAt(text: string, index: number): boolean {
  return kindAt(text, index) === DIGIT;
}

/** An ASCII letter. */
export function isLetterAt(text: string, index: number): boolean {
  const kind = kindAt(text, index);
  return kind === LOWER || kind === UPPER;
}

/** An ASCII letter or digit. */
export function isPlainAt(text: string, index: number): boolean {
  return kindAt(text, index) !== OTHER;
}
