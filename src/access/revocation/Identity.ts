import type { Actor, ActorVia, Purpose } from '../../contract/access.js';

/** Who a credential speaks for: a token, or an API key. */
export interface Identity extends Pick<Actor, 'subject' | 'panel' | 'labels'> {
  /** As the credential has them: words that are no roles here allow nothing. */
  readonly roles: readonly string[];
  /** What an API key may be used for; undefined for a token, whose bearer says so. */
  readonly purpose?: Purpose | undefined;
  /** ms since the epoch; undefined for a credential that does not expire. */
  readonly expiresAt: number | undefined;
  /** ms since the epoch; undefined for a token that does not say. */
  readonly issuedAt: number | undefined;
  /** Whether whoever signed the token says that there was a second factor: `amr`, RFC 8176. */
  readonly isMultiFactor?: boolean;
  /** `token:` and the token's id, or `key:` and the key's. */
  readonly via: ActorVia;
}
