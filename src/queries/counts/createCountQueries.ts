import { countEventsBy, type CountEventsByContext, type CountEventsByOptions, type EventCount } from './countEventsBy.js';
import { countUsers, type CountUsersContext, type CountUsersOptions, type UserCount } from './countUsers.js';

/** Every question about how many that a service answers. */
export interface CountQueries {
  countEventsBy(options: CountEventsByOptions): Promise<EventCount[]>;
  countUsers(options: CountUsersOptions): Promise<UserCount[]>;
}

export function createCountQueries(context: CountEventsByContext & CountUsersContext): CountQueries {
  return {
    countEventsBy: (options) => countEventsBy(options, context),
    countUsers: (options) => countUsers(options, context),
  };
}
