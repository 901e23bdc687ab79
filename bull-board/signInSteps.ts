import type { Request, Response } from 'express';

import type { AccessGate } from '../src/access/AccessGate.js';
import type { Identity } from '../src/access/revocation/Identity.js';
import type { SecondFactors } from '../src/access/secondFactors/SecondFactors.js';
import type { Config } from '../src/config/parseConfig.js';
import type { LockOut } from '../src/doors/LockOut.js';
import type { Logger } from '../src/logging/createLogger.js';
import type { TokenVerifier } from '../src/security/tokens.js';
import { boardPrincipal } from './boardPrincipal.js';
import type { BoardRole } from './boardRoles.js';
import type { PendingSignIns } from './PendingSignIns.js';
import { renderSignIn } from './renderSignIn.js';
import type { SessionCookie } from './sessionCookie.js';
import type { Sessions } from './Sessions.js';

/** What both steps of a sign-in work with. */
export interface SignInContext {
  readonly config: Pick<Config, 'ANALYTICS_MFA' | 'isProduction'>;
  readonly verifier: TokenVerifier;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly pending: PendingSignIns;
  readonly pendingCookie: SessionCookie;
  /** Undefined in a process without keys: whoever needs a code does not get in there. */
  readonly factors: SecondFactors | undefined;
  readonly lockOut: LockOut;
  readonly logger: Logger;
  readonly gate: AccessGate;
}

/** Somebody who has shown all that it takes. */
export interface Entrant {
  readonly role: BoardRole;
  readonly identity: Identity;
  /** What they have shown besides their token; it is recorded. */
  readonly by: 'none' | 'provider' | 'code' | 'recovery';
}

/** Opens a session, and leads to the console. */
export async function letIn({ sessions, cookie, lockOut, logger, gate }: SignInContext, request: Request, response: Response, { role, identity, by }: Entrant): Promise<void> {
  const principal = boardPrincipal(identity.subject, [role], identity.via, addressOf(request));
  await gate.admitted(principal, { operation: 'signin.board', ...(by !== 'none' && { reason: `second factor: ${by}` }) });
  await lockOut.succeeded(identity.subject);
  cookie.write(response, sessions.open(role, principal, identity));
  logger.info('Somebody signed in', { role });
  response.redirect(303, '/');
}

/** Answers 429 for somebody who is locked out. @returns whether they are */
export async function isLockedOut({ lockOut }: Pick<SignInContext, 'lockOut'>, response: Response, address: string, person?: string): Promise<boolean> {
  const lockedMs = await lockOut.lockedFor(address, person);
  if (lockedMs > 0) answerLocked(response, lockedMs);
  return lockedMs > 0;
}

export function answerLocked(response: Response, lockedMs: number): void {
  response.set('Retry-After', String(Math.ceil(lockedMs / 1000))).status(429).type('html').send(renderSignIn('tooMany'));
}

export function addressOf(request: Request): string {
  return request.socket.remoteAddress ?? '';
}

/** A field of a form, without blanks around it; '' where there is none. */
export function fieldOf(body: unknown, name: string): string {
  const fields: Readonly<Record<string, unknown>> = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}; // an object has string keys
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' ? value.trim() : '';
}
