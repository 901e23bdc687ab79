import type { Grant } from '../../../access/Grant.js';
import type { Principal } from '../../../access/Principal.js';
import { metricViewOf, viewOf } from '../../../access/viewOf.js';
import type { EventTypes } from '../../../contract/eventTypes.js';
import type { EventView } from '../../../queries/events/EventView.js';
import { PurgeMark } from '../../../storage/PurgeMark.js';
import type { LinkKeeper } from './LinkKeeper.js';
import type { ReadCall } from './ReadCall.js';
import type { ServiceLink } from './ServiceLink.js';
import type { OpenReader, ServiceReader } from './ServiceReader.js';

/** Every read of a service goes through here: decided on, kept to what was granted, recorded, and then handed out. */
export class Reads {
  readonly #links: LinkKeeper;
  readonly #types: EventTypes;
  readonly #openerOf: (link: ServiceLink) => OpenReader;
  #open: OpenReader | undefined;

  /** @param openerOf called once, with the link */
  constructor(links: LinkKeeper, types: EventTypes, openerOf: (link: ServiceLink) => OpenReader) {
    this.#links = links;
    this.#types = types;
    this.#openerOf = openerOf;
  }

  /**
   * What was erased since a read began is not in its answer, however long it took: it is read again. Costs no more than what a
   * `PurgeMark` does.
   * @param work may be called several times; only its last answer is given out
   * @throws AccessError, AuditError; whatever the read throws, typed
   */
  async read<T>(principal: Principal, { name, operation, series, countOf, givesPage = false, isWhole = false }: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T> {
    return this.#links.within(name, async (link) => {
      this.#open ??= this.#openerOf(link);
      const open = this.#open;
      const purges = PurgeMark.of(link.redis, link.keys);
      let mark = '';
      const once = async (): Promise<T> => link.gate.read(principal, { operation, series }, async (grant, tell) => {
        mark = await purges.current();
        const onKnown = givesPage ? (count: number, subjects: readonly string[]) => tell({ count, subjects }) : undefined;
        const reader = open(isWhole || grant === undefined ? undefined : { events: this.#viewOf(grant), metrics: metricViewOf(grant) }, onKnown);
        const answer = await work(reader);
        const { owners: subjects, hasWithheld: isWithheld } = reader.trace;
        return { answer, told: { count: countOf(answer), subjects, isWithheld } };
      });
      for (;;) {
        const answer = await once();
        if ((await purges.current()) === mark) return answer;
      }
    });
  }

  #viewOf(grant: Grant): EventView {
    return viewOf(grant, this.#types);
  }
}
