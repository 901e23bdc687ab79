import { isIP } from 'node:net';

import { ConfigurationError } from '../errors/ConfigurationError.js';
import { environmentSchema, type Environment } from './environment.js';
import { placeIssues } from './redisPlace.js';

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
  const together = placeIssues(given).map((issue) => `${issue} See docs/configuration.md.`);
  const single = parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}. See docs/configuration.md.`) ?? [];
  if (!parsed.success || together.length > 0) throw new ConfigurationError([...single, ...together]);
  return Object.freeze({ ...parsed.data, isProduction: parsed.data.NODE_ENV === 'production' });
}

/** Whether `host` names this machine only, so that nothing that listens there is reachable from outside. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  if (bare === 'localhost' || bare === '::1') return true;
  return isIP(bare) === 4 && bare.startsWith('127.');
}
