import { AnalyticsError } from '../errors/AnalyticsError.js';

/** Why a token was refused; words of our own, so that they may stand in logs and figures. */
export type TokenRefusal = 'malformed' | 'type' | 'algorithm' | 'keys' | 'revoked' | 'key' | 'signature' | 'expired' | 'not_yet_valid' | 'claims';

const sentences: Readonly<Record<TokenRefusal, string>> = {
  malformed: 'The token is not a signed JWT.',
  algorithm: 'The token is signed with an algorithm that is not accepted here.',
  signature: "The token's signature does not fit the key of this server.",
  type: 'The token was made for something else: its typ has to be JWT or at+jwt.',
  keys: 'The keys that tokens are checked with could not be fetched. Try again later.',
  revoked: 'The token or key was revoked. Sign in with a new one.',
  key: 'This is no API key of this service, or no longer.',
  expired: 'The token has expired. Sign in with a new one.',
  not_yet_valid: 'The token is not valid yet. Check the clocks.',
  claims: 'The token lacks a claim that is required here, or has another value: sub, iss, aud, exp, nbf and roles are looked at.',
};

/** A token that does not prove who its bearer is. Neither the message nor a cause holds any part of the token. */
export class UnauthenticatedError extends AnalyticsError {
  readonly reason: TokenRefusal;

  constructor(reason: TokenRefusal) {
    super('UNAUTHENTICATED', sentences[reason]);
    this.reason = reason;
  }
}
