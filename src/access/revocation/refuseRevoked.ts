import { UnauthenticatedError } from '../../security/UnauthenticatedError.js';
import type { TokenVerifier } from '../../security/tokens.js';
import type { Revocations } from './Revocations.js';

/** A verifier that also refuses what was revoked. */
export function refuseRevoked(verifier: TokenVerifier, revocations: Pick<Revocations, 'isRevoked'>): TokenVerifier {
  return {
    async verify(token) {
      const identity = await verifier.verify(token);
      if (revocations.isRevoked(identity)) throw new UnauthenticatedError('revoked');
      return identity;
    },
  };
}
