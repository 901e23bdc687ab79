import type { Config } from '../config/parseConfig.js';
import type { Logger } from '../logging/createLogger.js';
import { connect } from '../redis/connect.js';
import { keysOf } from '../redis/keys.js';
import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import { loadKeyRing } from '../security/loadKeyRing.js';
import { checkStart } from '../checks/checkStart.js';
import type { Runtime } from './Runtime.js';

/**
 * Makes what every role gets, and finds out now whether this process fits in with the others and has their keys.
 *
 * @throws ConfigurationError without a key in production, or where to start would not be safe; KeyError with another key than the data has
 */
export async function openRuntime(config: Config, logger: Logger): Promise<Omit<Runtime, 'endBroken'>> {
  const keyRing = await loadKeyRing(config);
  const keys = keysOf(config);
  const redis = connect(config, 'failFast', 'analytics:start', () => undefined);
  try {
    await checkStart(redis, keys, config, logger);
    await checkKeyIdentity(redis, keys, keyRing);
  } catch (error) {
    keyRing.reading?.dataKeys.close();
    throw error;
  } finally {
    redis.disconnect();
  }
  return Object.freeze({ config, logger, keys, keyRing });
}
