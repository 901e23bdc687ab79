import { findNames, findNumbersByWord } from './findByContext.js';
import { findDevices } from './findDevices.js';
import { findEmails } from './findEmails.js';
import { findInQuery } from './findInQuery.js';
import { findNumbers } from './findNumbers.js';
import { findPostalNumbers, findStreets } from './findPostalAddresses.js';
import { findTokens } from './findTokens.js';
import { foldText } from './foldText.js';
import { numericTokens } from './numericTokens.js';
import type { Span } from './Span.js';
import { surveyText, type TextSurvey } from './surveyText.js';

/** What was found, and in which text: the folded one if folding changed something. */
export interface Finding {
  readonly text: string;
  /** In the order of the text, without overlaps, at least one. */
  readonly spans: readonly Span[];
}

const LONG_ENOUGH_FOR_NAME = 5;
const LONG_ENOUGH_FOR_TOKEN = 40;

/**
 * Finds identifiers in a text. A survey decides which detectors can find anything at all: for most strings that is
 * none, and the survey is the whole cost. Every detector is linear in the text.
 */
export function findIdentifiers(text: string): Finding | undefined {
  const survey = surveyText(text);
  if (survey.isAscii) return findIn(text, survey);
  const folded = foldText(text);
  return folded === text ? findIn(text, survey) : findIn(folded, surveyText(folded));
}

function findIn(text: string, survey: TextSurvey): Finding | undefined {
  // All at once: a detector that surveys a part of the text would overwrite it.
  const { digits, spaces, colons, dashes, dots, hasAt, hasEquals, numberThenSpace, wordThenNumber } = survey;
  const needsNumbers = digits >= 7 || (digits >= 4 && dots >= 3);
  // In an address without spaces no word stands before a number.
  const needsWords = digits >= 4 && (spaces > 0 || (colons > 0 && !text.includes('://')));
  const needsDevices = (digits > 0 && colons >= 2) || colons >= 5 || dashes >= 5;
  const needsNames = spaces > 0 && text.length >= LONG_ENOUGH_FOR_NAME;
  const needsTokens = dots >= 2 && text.length >= LONG_ENOUGH_FOR_TOKEN;
  if (!(hasAt || hasEquals || needsNumbers || needsWords || needsDevices || needsNames || needsTokens)) return undefined;

  const spans: Span[] = [];
  if (hasAt) findEmails(text, spans);
  if (hasEquals) findInQuery(text, spans);
  if (needsNumbers || needsWords) {
    const tokens = numericTokens(text);
    if (needsNumbers) findNumbers(text, tokens, spans);
    if (needsWords) findNumbersByWord(text, tokens, spans);
  }
  if (needsDevices) findDevices(text, spans);
  if (needsTokens) findTokens(text, spans);
  if (needsNames) findNames(text, spans);
  if (numberThenSpace) findStreets(text, spans);
  if (wordThenNumber) findPostalNumbers(text, spans);
  return spans.length === 0 ? undefined : { text, spans: withoutOverlaps(spans) };
}

/** In the order of the text; where two overlap, one span from the start of the first to the end of the last. */
export function withoutOverlaps(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end };
  }
  return merged;
}
