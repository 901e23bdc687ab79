import { decide } from '../../../access/decide.js';
import { application, type Principal } from '../../../access/Principal.js';
import { viewOf } from '../../../access/viewOf.js';
import type { LinkKeeper } from './LinkKeeper.js';
import type { ReadCall } from './ReadCall.js';
import type { OpenReader, ServiceReader } from './ServiceReader.js';
import type { ServiceLink } from './ServiceLink.js';

/** Every read of a service goes through here: it is decided on, kept to what was granted, and then handed out. */
export class Reads {
  readonly #links: LinkKeeper;
  readonly #openerOf: (link: ServiceLink) => OpenReader;
  #open: OpenReader | undefined;

  /** @param openerOf called once, with the link */
  constructor(links: LinkKeeper, openerOf: (link: ServiceLink) => OpenReader) {
    this.#links = links;
    this.#openerOf = openerOf;
  }

  /** @throws AccessError; whatever the read throws, typed */
  async read<T>(principal: Principal, { name, operation }: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T> {
    return this.#links.within(name, async (link) => {
      const view = principal === application ? undefined : viewOf(decide(principal.actor, operation));
      this.#open ??= this.#openerOf(link);
      return work(this.#open(view));
    });
  }
}
