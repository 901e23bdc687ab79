import { classifyKey, type KeyClass } from './classifyKey.js';
import type { Span } from './Span.js';

const pair = /(?:^|[?&;#\s])(?<key>[^=&#?;\s]{1,64})=(?<value>[^&#;\s]{1,512})/g;

/** Values in `?key=value&...` whose key says that they identify somebody. */
export function findInQuery(text: string, spans: Span[]): void {
  pair.lastIndex = 0;
  for (let match = pair.exec(text); match !== null; match = pair.exec(text)) {
    const { key = '', value = '' } = match.groups ?? {};
    const found = classifyKey(decoded(key), false) ?? nameOf(key);
    if (found === undefined || (found.test !== undefined && !found.test(decoded(value)))) continue;
    const end = match.index + match[0].length;
    spans.push({ class: found.class, start: end - value.length, end });
  }
}

/** `name=jane.roe` is a person's; `name=submit` may be anything's. */
function nameOf(key: string): KeyClass | undefined {
  return key.toLowerCase() === 'name' ? { class: 'name', test: (value) => /^\p{L}{2,30}[._ ]\p{L}[\p{L}.'-]{1,40}$/u.test(String(value)) } : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
