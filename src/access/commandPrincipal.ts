import { commandSubject } from './commandSubject.js';
import type { Principal } from './Principal.js';

/** Whoever runs a command: the account of the machine, which holds the keys and so may administer. */
export function commandPrincipal(): Principal {
  return { actor: { subject: commandSubject(), roles: ['admin'], purpose: 'operations' }, via: 'cli' };
}
