// Characters that show nothing, and separate what belongs together.
const invisible = /\p{Default_Ignorable_Code_Point}/gu;
const dash = /[\u2010-\u2015\u2212\ufe58\ufe63]/g;
const dot = /[\u00b7\u2022\u2027\u2219\u22c5]/g;
const space = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;
const otherDigit = /(?![0-9])\p{Nd}/gu;
const digit = /\p{Nd}/u;

/** The text as it reads: full-width and other scripts' digits become ASCII, invisible characters go. */
export function foldText(text: string): string {
  return text.normalize('NFKC').replace(invisible, '').replace(dash, '-').replace(dot, '.').replace(space, ' ').replace(otherDigit, toAsciiDigit);
}

const entity = /&#(?:x([\da-f]{1,6})|(\d{1,7}));/gi;

/** The text with `&#64;` and `&#x40;` as the characters that they stand for. */
export function resolveEntities(text: string): string {
  return text.replace(entity, (given, hex: string | undefined, decimal: string | undefined) => {
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    // Halves of pairs and what lies beyond Unicode are no characters.
    return point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) ? String.fromCodePoint(point) : given;
  });
}

/** Unicode keeps the ten digits of every script together, so a digit's value is its distance from the first of its ten. */
function toAsciiDigit(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && digit.test(String.fromCodePoint(point - value - 1))) value++;
  return String(value);
}
