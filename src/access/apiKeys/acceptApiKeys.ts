import type { TokenVerifier } from '../../security/tokens.js';
import { API_KEY_PREFIX, type ApiKeys } from './ApiKeys.js';

/** A verifier that also takes API keys. @param apiKeys undefined in a process without keys, which cannot open what is kept of them */
export function acceptApiKeys(verifier: TokenVerifier, apiKeys: Pick<ApiKeys, 'verify'> | undefined): TokenVerifier {
  return {
    async verify(credential) {
      return apiKeys !== undefined && credential.startsWith(API_KEY_PREFIX) ? apiKeys.verify(credential) : verifier.verify(credential);
    },
  };
}
