import type { Principal } from '../../../access/Principal.js';
import type { Subjects } from '../../../subjects/createSubjects.js';
import { AnalyticsReader } from './AnalyticsReader.js';
import type { ReadCall } from './ReadCall.js';
import type { Reads } from './Reads.js';
import type { ServiceReader } from './ServiceReader.js';

/** The service as one actor sees it: see `AnalyticsService.as` and docs/access.md. */
export class ActorService extends AnalyticsReader<'some'> {
  readonly #principal: Principal;
  readonly #reads: Reads;
  /** What persons may ask for, as far as the actor may ask for it. */
  readonly subjects: Subjects;

  constructor(principal: Principal, reads: Reads, subjects: Subjects) {
    super();
    this.#principal = principal;
    this.#reads = reads;
    this.subjects = subjects;
  }

  protected read<T>(call: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T> {
    return this.#reads.read(this.#principal, call, work);
  }
}
