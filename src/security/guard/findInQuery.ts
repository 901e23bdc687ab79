import { classifyKey } from './classifyKey.js';
import type { Span } from './Span.js';

const pair = /(?:^|[?&;#\s])(?<key>[^=&#?;\s]{1,64})=(?<value>[^&#;\s]{1,512})/g;

/** Values in `?key=value&...` whose key says that they identify somebody. */
export function findInQuery(text: string, spans: Span[]): void {
  pair.lastIndex = 0;
  for (let match = pair.exec(text); match !== null; match = pair.exec(text)) {
    const { key = '', value = '' } = match.groups ?? {};
    const found = classifyKey(decoded(key), false);
    if (found === undefined || (found.test !== undefined && !found.test(decoded(value)))) continue;
    const end = match.index + match[0].length;
    spans.push({ class: found.class, start: end - value.length, end });
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
