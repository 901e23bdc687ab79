import { ConfigurationError } from '../errors/ConfigurationError.js';
import { environmentSchema, type Environment } from './environment.js';
import { placeIssues } from './redisPlace.js';
import { redisTransportIssues, tlsFileIssues } from './transport.js';

/** The environment, parsed once, frozen, with what follows from it. Nothing else reads `process.env`. */
export interface Config extends Readonly<Environment> {
  readonly isProduction: boolean;
}

/**
 * @returns the configuration that `env` describes, defaults filled in
 * @throws ConfigurationError listing every variable that is wrong, not only the first
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  // An empty variable counts as absent: that is what `NAME= command` and most .env files mean.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environmentSchema.safeParse(given);
  const together = [...placeIssues(given), ...tlsFileIssues(given)].map((issue) => `${issue} See docs/configuration.md.`);
  const single = parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}. See docs/configuration.md.`) ?? [];
  if (!parsed.success || together.length > 0) throw new ConfigurationError([...single, ...together]);
  const config = Object.freeze({ ...parsed.data, isProduction: parsed.data.NODE_ENV === 'production' });
  const unsafe = [...redisTransportIssues(config), ...mfaIssues(config)];
  if (unsafe.length > 0) throw new ConfigurationError(unsafe);
  return config;
}

/** In production whoever may change things at the board shows a second factor, here or to their identity provider. */
function mfaIssues({ isProduction, ANALYTICS_MFA }: Pick<Config, 'isProduction' | 'ANALYTICS_MFA'>): string[] {
  if (!isProduction || ANALYTICS_MFA !== 'off') return [];
  return ['ANALYTICS_MFA: production does not go without a second factor. Leave it out, or say that the identity provider asks for one: ANALYTICS_MFA=provider. See docs/hardening.md.'];
}
