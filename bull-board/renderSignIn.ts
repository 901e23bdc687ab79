import { readFileSync } from 'node:fs';

import { publicFile } from './publicFile.js';

const faults = {
  badToken: 'This token is not valid, or it has expired. Make a new one and try again.',
  noRole: 'This token is good, but none of its roles may use the board. Make one with --role viewer or --role operator.',
  tooMany: 'Too many tries failed. Wait a minute, or longer if it happens again; then try once more.',
  badCode: 'This code is not the one that is shown now, or it was used before. Wait for the next one, and try again.',
  noFactor: 'This role needs a second factor, and there is none for you yet. Ask whoever runs the service to enrol you: npm run mfa -- enroll',
  lateCode: 'That took too long. Begin again with your token.',
  unavailable: 'The code cannot be checked at the moment, so nobody gets in who needs one. A token with the role viewer works.',
} as const;

export type SignInFault = keyof typeof faults;

const templates = new Map<string, string>();

/** The sign-in page, with what went wrong. Only our own sentences get into it. */
export function renderSignIn(fault?: SignInFault): string {
  return render('sign-in.html', fault);
}

/** The page that asks for the code. */
export function renderCode(fault?: SignInFault): string {
  return render('sign-in-code.html', fault);
}

function render(page: string, fault: SignInFault | undefined): string {
  const template = templates.get(page) ?? readFileSync(publicFile(page), 'utf8');
  templates.set(page, template);
  return template.replace('<!-- fault -->', fault === undefined ? '' : `<p class="fault" role="alert">${faults[fault]}</p>`);
}
