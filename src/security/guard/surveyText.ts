/** What one pass over a text's characters tells about what can be found in it. */
export interface TextSurvey {
  readonly isAscii: boolean;
  readonly digits: number;
  readonly spaces: number;
  readonly colons: number;
  readonly dashes: number;
  readonly dots: number;
  /** An `@`, or the `%` of `%40`. */
  readonly hasAt: boolean;
  readonly hasEquals: boolean;
  /** As in `12 Main Street`: a number that stands alone before a space. */
  readonly numberThenSpace: boolean;
  /** As in `PO Box 12`: a word, a space and a number. */
  readonly wordThenNumber: boolean;
}

const SPACE = 32;
const CLOSING_PARENTHESIS = 41;
const DASH = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const EQUALS = 61;
const AT = 64;
const PERCENT = 37;

/** Counts the characters that detectors depend on; about 1 ns a character. */
export function surveyText(text: string): TextSurvey {
  let bits = 0;
  let digits = 0;
  let spaces = 0;
  let colons = 0;
  let dashes = 0;
  let dots = 0;
  let hasAt = false;
  let hasEquals = false;
  let numberThenSpace = false;
  let wordThenNumber = false;
  // Of the run of digits that is or was last under way: where it ended, and whether it stood alone.
  let runEnd = -1;
  let runStandsAlone = false;

  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    bits |= code;
    // Letters, most of any text, leave after one comparison.
    if (code > AT) continue;
    if (code >= ZERO && code <= NINE) {
      digits++;
      if (runEnd !== index) {
        const before = index === 0 ? SPACE : text.charCodeAt(index - 1);
        runStandsAlone = before <= CLOSING_PARENTHESIS;
        if (before === SPACE && index > 1 && (text.charCodeAt(index - 2) > AT || text.charCodeAt(index - 2) === DOT)) wordThenNumber = true;
      }
      runEnd = index + 1;
    } else if (code === SPACE) {
      spaces++;
      // The number may have a letter, as in `12b`.
      if (runStandsAlone && index - runEnd <= 1) numberThenSpace = true;
    } else if (code === DASH) dashes++;
    else if (code === DOT) dots++;
    else if (code === COLON) colons++;
    else if (code === EQUALS) hasEquals = true;
    else if (code === AT || code === PERCENT) hasAt = true;
  }
  return { isAscii: bits < 128, digits, spaces, colons, dashes, dots, hasAt, hasEquals, numberThenSpace, wordThenNumber };
}
