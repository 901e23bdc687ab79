import { addGroups, addMatches, type Span } from './Span.js';

const titled = /\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)(?:\. ?| )\p{Lu}[\p{L}'’-]{1,30}(?: \p{Lu}[\p{L}'’-]{1,30})?/gu;
const introduced =
  /\b(?:[Mm]y|[Pp]atient|[Cc]lient|[Ff]ull|[Ff]irst|[Ll]ast|[Hh]is|[Hh]er|[Tt]heir)[ -]?[Nn]ame(?: is|:) {0,2}(?<identifier>\p{Lu}[\p{L}'’-]{1,30}(?: \p{Lu}[\p{L}'’-]{1,30}){0,2})/dgu;

/** Names that a title or an introduction makes known. A bare name in a sentence is not found. */
export function findIntroducedNames(text: string, spans: Span[]): void {
  addMatches(spans, 'name', titled, text);
  if (text.includes('ame')) addGroups(spans, 'name', introduced, text);
}
