import type { ReadingKeys } from '../../security/KeyRing.js';
import { hasTag, openTags, withoutHour } from '../seriesTags.js';

/** One series of a metric. Its tags are opened when somebody asks for them. */
export class KnownSeries {
  readonly id: string;
  readonly #keyName: string;
  readonly #sealed: Buffer;
  readonly #secrets: ReadingKeys;
  #tags: Readonly<Record<string, string>> | undefined;

  constructor(keyName: string, id: string, stored: Buffer, secrets: ReadingKeys) {
    this.id = id;
    this.#keyName = keyName;
    // A copy: the reply that it came in holds a thousand others.
    this.#sealed = Buffer.from(withoutHour(stored));
    this.#secrets = secrets;
  }

  /** Frozen, and one object for all that ask. @throws KeyError `SEAL_BROKEN` */
  get tags(): Readonly<Record<string, string>> {
    this.#tags ??= Object.freeze(openTags(this.#sealed, this.#keyName, this.id, this.#secrets));
    return this.#tags;
  }

  /** Whether it has one of these tags, given by their hashes. */
  hasAny(hashes: readonly Buffer[]): boolean {
    return hashes.some((hash) => hasTag(this.#sealed, hash));
  }
}
