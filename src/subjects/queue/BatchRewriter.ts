import type { SealedBatchPayload } from '../../../queues/jobs.js';
import { compressFast } from '../../codec/compression.js';
import { packParts } from '../../codec/eventParts.js';
import { encodeMetricRows } from '../../codec/metricRowsText.js';
import { withoutRows } from '../../ingestion/PendingPart.js';
import type { KeyRing } from '../../security/KeyRing.js';
import { TransportSealer } from '../../security/TransportSealer.js';
import type { EventsForSubject, OpenedForSubject, SamplesForSubject } from './openForSubject.js';

/** Seals batches anew without what is somebody's. */
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
  async rewrite(id: string, opened: OpenedForSubject): Promise<SealedBatchPayload | undefined> {
    const { count, pack } = opened.kind === 'events' ? otherEvents(opened) : otherSamples(opened);
    if (count === 0) return undefined;
    if (this.#sealed.has(id)) throw new TypeError('A batch may be sealed once by one rewriter.');
    this.#sealed.add(id);
    await this.#sealer.prepare();
    const { sealedKey, ciphertext } = this.#sealer.seal(id, opened.kind, count, pack());
    return { v: 1, to: this.#publicId, key: sealedKey.toString('base64'), n: count, c: ciphertext.toString('base64') };
  }
}

/** What is left of a batch. */
interface Others {
  readonly count: number;
  readonly pack: () => Buffer;
}

function otherEvents({ parts, rows }: EventsForSubject): Others {
  const left = parts.flatMap((part) => withoutRows(part, rows.get(part) ?? new Set())?.rows ?? []);
  return { count: left.reduce((sum, { types }) => sum + types.length, 0), pack: () => packParts(left) };
}

function otherSamples({ samples, theirs }: SamplesForSubject): Others {
  const others = <T>(column: readonly T[]): T[] => column.filter((_, row) => !theirs.has(row));
  const { names, tags, timestamps, values } = samples;
  const left = { names: others(names), tags: others(tags), timestamps: others(timestamps), values: others(values) };
  return { count: left.values.length, pack: () => compressFast(encodeMetricRows(left)) };
}
