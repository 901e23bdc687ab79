import type { Config } from '../config/parseConfig.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing } from '../security/KeyRing.js';
import { createTokenVerifier, type TokenVerifier } from '../security/tokens.js';
import { acceptApiKeys } from './apiKeys/acceptApiKeys.js';
import { ApiKeys } from './apiKeys/ApiKeys.js';
import { refuseRevoked } from './revocation/refuseRevoked.js';
import { Revocations } from './revocation/Revocations.js';

export interface CredentialsPlace {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  /** Told when revocations could not be read; they are read again. */
  readonly onError: (error: Error) => void;
}

/** What checks credentials in one process: tokens and API keys, but for those that were revoked. */
export interface Credentials {
  readonly verifier: TokenVerifier;
  /** Has to be started, and closed. */
  readonly revocations: Revocations;
}

/** @throws ConfigurationError when there is no usable key for tokens */
export async function openCredentials(config: Config, { redis, keys, keyRing, onError }: CredentialsPlace): Promise<Credentials> {
  const tokens = await createTokenVerifier(config);
  const revocations = new Revocations({ redis, keys, secrets: keyRing.reading?.audit, onError });
  const apiKeys = keyRing.reading && new ApiKeys({ redis, keys, fields: keyRing.reading.fields, revocations });
  return { verifier: refuseRevoked(acceptApiKeys(tokens, apiKeys), revocations), revocations };
}
