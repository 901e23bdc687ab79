import type { Principal } from '../../../access/Principal.js';
import type { Config } from '../../../config/parseConfig.js';
import type { EventTypes } from '../../../contract/eventTypes.js';
import { createDeadLetters, type DeadLetters } from '../../../deadletters/createDeadLetters.js';
import { guardDeadLetters } from '../../../deadletters/guardDeadLetters.js';
import { createLogger } from '../../../logging/createLogger.js';
import type { ServiceLink } from './ServiceLink.js';

/** The part of a call's deadline that retrying or dropping many may take: it should say how far it came, not be stopped. */
const BULK_SHARE = 0.8;

export interface ServiceDeadLettersOptions {
  readonly config: Config;
  readonly types: EventTypes;
  readonly principal: Principal;
  /** Runs a call on the open link, within the deadline. */
  readonly within: <T>(operation: string, work: (link: ServiceLink) => Promise<T>) => Promise<T>;
}

/** The dead letters as a service offers them to one actor, or to the application. */
export function serviceDeadLetters({ config, types, principal, within }: ServiceDeadLettersOptions): DeadLetters {
  const logger = createLogger(config, 'dead-letters');
  const call = <T>(operation: string, work: (letters: DeadLetters) => Promise<T>): Promise<T> =>
    within(`deadLetters.${operation}`, ({ redis, keys, queues, keyRing, gate }) => {
      const letters = createDeadLetters({ redis, keys, queues, keyRing, logger, budgetMs: BULK_SHARE * config.ANALYTICS_DEADLINE_MS });
      return work(guardDeadLetters(letters, { gate, principal, types }));
    });
  return {
    list: (options) => call('list', (letters) => letters.list(options)),
    count: () => call('count', (letters) => letters.count()),
    inspect: (id, options) => call('inspect', (letters) => letters.inspect(id, options)),
    retry: (selection, options) => call('retry', (letters) => letters.retry(selection, options)),
    drop: (selection, options) => call('drop', (letters) => letters.drop(selection, options)),
    dropped: (options) => call('dropped', (letters) => letters.dropped(options)),
  };
}
