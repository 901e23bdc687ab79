import { isDigitAt, isPlainAt } from './characters.js';
import { isCard } from './isCard.js';
import type { NumericToken } from './numericTokens.js';
import type { Span } from './Span.js';

interface Group {
  readonly start: number;
  readonly end: number;
  readonly value: string;
  /** What stands between this group and the one before it. */
  readonly gap: string;
}

const usualGap = /^[-._/ ]{1,3}$/;

/** Telephone, social security and card numbers by how their digits are grouped, whatever stands between the groups. */
export function findGrouped({ start, value }: NumericToken, spans: Span[]): void {
  const groups = groupsOf(value);
  for (let first = 0; first + 2 < groups.length; first++) {
    const kind = kindOf(groups, first, value);
    if (kind === undefined) continue;
    const last = groups[first + kind.count - 1];
    const opening = groups[first];
    if (last === undefined || opening === undefined) continue;
    spans.push({ class: kind.class, start: start + opening.start, end: start + last.end });
    first += kind.count - 1;
  }
}

function groupsOf(value: string): Group[] {
  const groups: Group[] = [];
  let last = 0;
  for (let index = 0; index < value.length; ) {
    if (!isDigitAt(value, index)) {
      index++;
      continue;
    }
    let end = index;
    while (isDigitAt(value, end)) end++;
    groups.push({ start: index, end, value: value.slice(index, end), gap: value.slice(last, index) });
    last = end;
    index = end;
  }
  return groups;
}

function kindOf(groups: readonly Group[], first: number, value: string): { readonly class: string; readonly count: number } | undefined {
  const lengths = groups.slice(first, first + 4).map((group) => group.value.length);
  const isJoined = (count: number): boolean => {
    const part = groups.slice(first, first + count);
    const opening = part[0];
    const closing = part.at(-1);
    if (part.length < count || opening === undefined || closing === undefined) return false;
    if (!part.slice(1).every((group) => usualGap.test(group.gap))) return false;
    const before = value.charAt(opening.start - 1);
    const after = value.charAt(closing.end);
    // A longer chain of groups is a version, a date or a list.
    return !isPlainAt(value, opening.start - 1) && !'._/'.includes(before || ' ') && !isPlainAt(value, closing.end) && !('._/'.includes(after || ' ') && isDigitAt(value, closing.end + 1));
  };
  if (lengths[0] === 4 && lengths[1] === 4 && lengths[2] === 4 && lengths[3] === 4 && isJoined(4)) {
    return isCard(groups.slice(first, first + 4).map((group) => group.value).join('')) ? { class: 'card', count: 4 } : undefined;
  }
  const [one = '', two = '', three = ''] = groups.slice(first, first + 3).map((group) => group.value);
  if (one.length === 3 && two.length === 3 && three.length === 4 && /^[2-9]/.test(one) && /^[2-9]/.test(two) && isJoined(3)) return { class: 'phone', count: 3 };
  if (one.length === 3 && two.length === 2 && three.length === 4 && isSocialSecurity(one, two, three) && isJoined(3)) return { class: 'ssn', count: 3 };
  return undefined;
}

function isSocialSecurity(area: string, group: string, serial: string): boolean {
  return area !== '000' && area !== '666' && !area.startsWith('9') && group !== '00' && serial !== '0000';
}
