import type { Principal } from '../../../access/Principal.js';
import type { DeadLetters } from '../../../deadletters/createDeadLetters.js';
import type { Subjects } from '../../../subjects/createSubjects.js';
import { AnalyticsReader } from './AnalyticsReader.js';
import type { ServiceStats } from './AnalyticsService.js';
import type { ReadCall } from './ReadCall.js';
import type { Reads } from './Reads.js';
import type { ServiceReader } from './ServiceReader.js';

export interface ActorServiceParts {
  readonly principal: Principal;
  readonly reads: Reads;
  readonly deadLetters: DeadLetters;
  readonly subjects: Subjects;
  readonly stats: () => Promise<ServiceStats>;
}

/** The service as one actor sees it: see `AnalyticsService.as` and docs/access.md. */
export class ActorService extends AnalyticsReader<'some'> {
  /** The jobs that were given up, as far as the actor may list, open or decide on them. */
  readonly deadLetters: DeadLetters;
  /** What persons may ask for, as far as the actor may ask for it. */
  readonly subjects: Subjects;
  readonly #parts: ActorServiceParts;

  constructor(parts: ActorServiceParts) {
    super();
    this.#parts = parts;
    this.deadLetters = parts.deadLetters;
    this.subjects = parts.subjects;
  }

  /** As `AnalyticsService.getStats`. @throws AccessError */
  async getStats(): Promise<ServiceStats> {
    return this.#parts.stats();
  }

  protected read<T>(call: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T> {
    return this.#parts.reads.read(this.#parts.principal, call, work);
  }
}
