import type { Principal } from '../../../access/Principal.js';
import { AnalyticsReader } from './AnalyticsReader.js';
import type { ReadCall } from './ReadCall.js';
import type { Reads } from './Reads.js';
import type { ServiceReader } from './ServiceReader.js';

/** The service as one actor sees it: see `AnalyticsService.as` and docs/access.md. */
export class ActorService extends AnalyticsReader<'some'> {
  readonly #principal: Principal;
  readonly #reads: Reads;

  constructor(principal: Principal, reads: Reads) {
    super();
    this.#principal = principal;
    this.#reads = reads;
  }

  protected read<T>(call: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T> {
    return this.#reads.read(this.#principal, call, work);
  }
}
