import type { PriorityTable } from '../../../../queues/priorities.js';
import type { Config } from '../../../config/parseConfig.js';
import { DeadlineError } from '../../../errors/DeadlineError.js';
import { ServiceClosedError } from '../../../errors/ServiceClosedError.js';
import { openServiceLink, type ServiceLink } from './ServiceLink.js';
import { typedFailure } from './typedFailure.js';
import { withDeadline } from './withDeadline.js';

export interface LinkKeeperOptions {
  readonly config: Config;
  readonly priorities: PriorityTable;
  readonly onError: (error: Error) => void;
}

/** The link of one service: opened at the first call that needs it, again when that failed, and handed out until the service closes. */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  #link: ServiceLink | undefined;
  #opening: Promise<ServiceLink> | undefined;
  #isClosing = false;

  constructor(options: LinkKeeperOptions) {
    this.#options = options;
  }

  /** The link if it was ever open, also while the service closes. */
  get opened(): ServiceLink | undefined {
    return this.#link;
  }

  /** The link if it is open, and the service is not closing: then `open` refuses. */
  get current(): ServiceLink | undefined {
    return this.#isClosing ? undefined : this.#link;
  }

  /** @throws ServiceClosedError; whatever opening met, typed */
  async open(operation: string): Promise<ServiceLink> {
    if (this.#isClosing) throw new ServiceClosedError(operation);
    if (this.#link !== undefined) return this.#link;
    this.#opening ??= openServiceLink(this.#options).then(
      (link) => (this.#link = link),
      (error: unknown) => {
        this.#opening = undefined;
        throw typedFailure(error);
      },
    );
    return withDeadline(this.#opening, this.#options.config.ANALYTICS_DEADLINE_MS, () => typedFailure(undefined));
  }

  /** The link, once it is known that the data is sealed to this key. */
  async checked(operation: string): Promise<ServiceLink> {
    try {
      const link = await this.open(operation);
      await link.check();
      return link;
    } catch (error) {
      throw typedFailure(error);
    }
  }

  /** The link, knowing whether Redis and this queue have room where that was in doubt. */
  async fresh(operation: string, title: 'events' | 'metrics'): Promise<ServiceLink> {
    const link = await this.open(operation);
    if (link.isDoubtful(title)) await link.refresh(title);
    return link;
  }

  /** Runs `work` on a checked link: opening, check and work share one deadline. */
  async within<T>(operation: string, work: (link: ServiceLink) => Promise<T>): Promise<T> {
    const { ANALYTICS_DEADLINE_MS: ms } = this.#options.config;
    const run = async (): Promise<T> => {
      const link = await this.checked(operation);
      try {
        return await work(link);
      } catch (error) {
        throw typedFailure(error);
      }
    };
    return withDeadline(run(), ms, () => new DeadlineError(operation, ms));
  }

  /** Hands out nothing more. @returns the link that is open or on its way; undefined when there is none */
  async retire(): Promise<ServiceLink | undefined> {
    this.#isClosing = true;
    return this.#opening?.catch(() => undefined);
  }
}
