import { findAfterWords } from './findAfterWords.js';
import { findCodes } from './findCodes.js';
import { findDevices } from './findDevices.js';
import { findEmails } from './findEmails.js';
import { findDataUrls, findInBase64, findInPercent } from './findEncoded.js';
import { findInQuery } from './findInQuery.js';
import { findIntroducedNames } from './findIntroducedNames.js';
import { findNumbers } from './findNumbers.js';
import { findPeople } from './findPeople.js';
import { findPersonalUrls } from './findPersonalUrls.js';
import { findAges, findPlaces } from './findPlaces.js';
import { findPostalNumbers, findStreets } from './findPostalAddresses.js';
import { findSpelledEmails } from './findSpelledEmails.js';
import { findTokens } from './findTokens.js';
import { foldText, resolveEntities } from './foldText.js';
import { numericTokens } from './numericTokens.js';
import { skeletonOf } from './skeletonOf.js';
import type { Span } from './Span.js';
import { surveyText, type TextSurvey } from './surveyText.js';

/** What was found, and in which text: the folded one if folding changed something. */
export interface Finding {
  readonly text: string;
  /** In the order of the text, without overlaps, at least one. */
  readonly spans: readonly Span[];
}

const LONG_ENOUGH_FOR_NAME = 5;
const capital = /\p{Lu}/u;
const LONG_ENOUGH_FOR_TOKEN = 40;
/** Base64 in base64 is looked into; what is packed deeper is data, and nobody reads it by accident. */
const MAX_LAYERS = 2;

/**
 * Finds identifiers in a text. A survey decides which detectors can find anything at all: for most strings that is
 * none, and the survey is the whole cost. Every detector is linear in the text.
 */
export function findIdentifiers(text: string): Finding | undefined {
  return findInLayer(text, 0);
}

function findInLayer(text: string, layer: number): Finding | undefined {
  const survey = surveyText(text);
  if (survey.isAscii && !survey.hasEntity) return findIn(text, text, survey, layer);
  const folded = foldText(survey.hasEntity ? resolveEntities(text) : text);
  const skeleton = skeletonOf(folded);
  return findIn(folded, skeleton, surveyText(skeleton), layer);
}

/**
 * @param shown what is returned and masked
 * @param text the same as it looks: where it differs, a letter of `shown` passes for a Latin one
 */
function findIn(shown: string, text: string, survey: TextSurvey, layer: number): Finding | undefined {
  // All at once: a detector that surveys a part of the text would overwrite it.
  const { digits, spaces, colons, dashes, dots, slashes, hasAt, hasEquals, hasPercent, hasLongRun, numberThenSpace, wordThenNumber } = survey;
  const needsNumbers = digits >= 7 || (digits >= 4 && dots >= 3);
  // In an address without spaces no word stands before a number.
  const needsWords = digits >= 2 && (spaces > 0 || (colons > 0 && !text.includes('://'))) || (spaces > 0 && text.length >= LONG_ENOUGH_FOR_NAME);
  const needsDevices = (digits > 0 && colons >= 2) || colons >= 5 || dashes >= 5;
  const needsNames = spaces > 0 && text.length >= LONG_ENOUGH_FOR_NAME;
  const needsTokens = dots >= 2 && text.length >= LONG_ENOUGH_FOR_TOKEN;
  const needsUrls = slashes >= 2 || hasAt;
  if (!(hasAt || hasEquals || hasLongRun || needsNumbers || needsWords || needsDevices || needsNames || needsTokens || needsUrls)) return undefined;

  const spans: Span[] = [];
  if (hasAt) findEmails(text, spans);
  if (hasEquals) findInQuery(text, spans);
  if (needsNumbers) findNumbers(text, numericTokens(text), spans);
  if (needsWords) findAfterWords(text, spans);
  if (needsDevices) findDevices(text, spans);
  if (needsTokens) findTokens(text, spans);
  if (needsUrls) findPersonalUrls(text, spans);
  if (needsNames) {
    findIntroducedNames(text, spans);
    // Scripts without capitals have no names that could be told.
    if (capital.test(shown)) findPeople(shown, spans);
    if (shown !== text && capital.test(text)) findPeople(text, spans);
    findSpelledEmails(text, spans);
    findPlaces(text, digits, spans);
    if (digits >= 2) findAges(text, spans);
  }
  if (numberThenSpace) findStreets(text, spans);
  if (wordThenNumber) findPostalNumbers(text, spans);
  if (hasLongRun || digits >= 12) findCodes(text, spans);
  if (hasLongRun) {
    if (colons > 0 && slashes > 0) findDataUrls(text, spans);
    if (layer < MAX_LAYERS) findInBase64(text, spans, (inner) => findInLayer(inner, layer + 1)?.spans[0]?.class);
  }
  if (hasPercent && layer < MAX_LAYERS) findInPercent(text, spans, (inner) => findInLayer(inner, layer + 1)?.spans[0]?.class);
  return spans.length === 0 ? undefined : { text: shown, spans: withoutOverlaps(spans) };
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
