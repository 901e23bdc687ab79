import type { SealedBatchPayload } from '../../../queues/jobs.js';
import { packParts } from '../../codec/eventParts.js';
import { withoutRows } from '../../ingestion/PendingPart.js';
import type { KeyRing } from '../../security/KeyRing.js';
import { TransportSealer } from '../../security/TransportSealer.js';
import type { OpenedForSubject } from './openForSubject.js';

/** Seals batches anew without somebody's events. */
export class BatchRewriter {
  readonly #publicId: string;
  /** Of its own, with a key of its own: a batch's key follows from its id, and must not seal two texts. */
  readonly #sealer: TransportSealer;
  readonly #sealed = new Set<string>();

  constructor({ publicId, publicKey }: Pick<KeyRing, 'publicId' | 'publicKey'>) {
    this.#publicId = publicId;
    this.#sealer = new TransportSealer(Buffer.from(publicKey, 'base64'));
  }

  /**
   * @returns the batch with what is left, under its id; undefined where nothing is
   * @throws TypeError when this rewriter has sealed a batch of that id before
   */
  async rewrite(id: string, { parts, rows }: OpenedForSubject): Promise<SealedBatchPayload | undefined> {
    const left = parts.flatMap((part) => withoutRows(part, rows.get(part) ?? new Set())?.rows ?? []);
    if (left.length === 0) return undefined;
    if (this.#sealed.has(id)) throw new TypeError('A batch may be sealed once by one rewriter.');
    this.#sealed.add(id);
    await this.#sealer.prepare();
    const count = left.reduce((sum, { types }) => sum + types.length, 0);
    const { sealedKey, ciphertext } = this.#sealer.seal(id, 'events', count, packParts(left));
    return { v: 1, to: this.#publicId, key: sealedKey.toString('base64'), n: count, c: ciphertext.toString('base64') };
  }
}
