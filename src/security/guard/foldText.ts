// Characters that show nothing, and separate what belongs together.
const invisible = /\p{Default_Ignorable_Code_Point}/gu;
const dash = /[\u2010-\u2015\u2212\ufe58\ufe63]/g;
const space = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;
const otherDigit = /(?![0-9])\p{Nd}/gu;
const digit = /\p{Nd}/u;

/** The text as it reads: full-width and other scripts' digits become ASCII, invisible characters go. */
export function foldText(text: string): string {
  return text.normalize('NFKC').replace(invisible, '').replace(dash, '-').replace(space, ' ').replace(otherDigit, toAsciiDigit);
}

/** Unicode keeps the ten digits of every script together, so a digit's value is its distance from the first of its ten. */
function toAsciiDigit(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && digit.test(String.fromCodePoint(point - value - 1))) value++;
  return String(value);
}
