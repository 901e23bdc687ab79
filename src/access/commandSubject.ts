import { userInfo } from 'node:os';

/** What a subject may have; an account may be called otherwise. */
const OTHER = /[^\w.:/@+=~-]/g;

/** Whoever runs a command, as records of the audit log name them: `cli:` and the account of the machine. */
export function commandSubject(): string {
  return `cli:${userInfo().username}`.replaceAll(OTHER, '_').slice(0, 128);
}
