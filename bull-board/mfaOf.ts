import type { Identity } from '../src/access/revocation/Identity.js';
import type { Config } from '../src/config/parseConfig.js';
import { mayChangeJobs, type BoardRole } from './boardRoles.js';

/** What shows that somebody is who they say, besides their token. `none`: their role needs nothing. */
export type Mfa = 'code' | 'provider' | 'none';

/**
 * Whether a sign-in needs a code: of roles that change things, unless whoever signed the token says that there was a second
 * factor (`amr`, RFC 8176), or the configuration says so of all tokens.
 */
export function mfaOf(role: BoardRole, { isMultiFactor = false }: Pick<Identity, 'isMultiFactor'>, config: Pick<Config, 'ANALYTICS_MFA' | 'isProduction'>): Mfa {
  if (isMultiFactor) return 'provider';
  if (!mayChangeJobs(role)) return 'none';
  switch (config.ANALYTICS_MFA ?? (config.isProduction ? 'required' : 'off')) {
    case 'required':
      return 'code';
    case 'provider':
      return 'provider';
    case 'off':
      return 'none';
  }
}
