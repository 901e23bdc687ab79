import type { Config } from '../../config/parseConfig.js';
import { createGuard } from './createGuard.js';
import type { Guard } from './Guard.js';
import type { GuardPolicy } from './GuardPolicy.js';

/**
 * The guard that the environment describes.
 * @param policy what the application says; it wins
 * @throws ConfigurationError if the whole is malformed
 */
export function configuredGuard(config: Config, policy: GuardPolicy = {}): Guard {
  return createGuard({
    mode: config.ANALYTICS_GUARD,
    undeclared: config.ANALYTICS_GUARD_UNDECLARED,
    pii: config.ANALYTICS_GUARD_PII,
    phi: config.ANALYTICS_GUARD_PHI,
    secret: config.ANALYTICS_GUARD_SECRET,
    tokenKey: config.ANALYTICS_GUARD_TOKEN_KEY,
    ...policy,
  });
}
