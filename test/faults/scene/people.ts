import { planted } from './planted.js';

/** Users whose sockets are watched. */
export const watchedUsers = ['anna', 'boris', 'carla'] as const;

/** Everybody whose events are tracked. */
export const users: readonly string[] = [...watchedUsers, ...Array.from({ length: 17 }, (_, place) => `${planted.user} ${place + 1}`)];
