import { readFileSync } from 'node:fs';

import { publicFile } from './publicFile.js';

const faults = {
  badToken: 'This token is not valid, or it has expired. Make a new one and try again.',
  noRole: 'This token is good, but none of its roles may use the board. Make one with --role viewer or --role operator.',
  tooMany: 'Too many tries failed. Wait a minute, or longer if it happens again; then try once more.',
} as const;

let template: string | undefined;

/** The sign-in page, with what went wrong. Only our own sentences get into it. */
export function renderSignIn(fault?: keyof typeof faults): string {
  template ??= readFileSync(publicFile('sign-in.html'), 'utf8');
  return template.replace('<!-- fault -->', fault === undefined ? '' : `<p class="fault" role="alert">${faults[fault]}</p>`);
}
