import type { ActorOptions } from '../contract/access.js';

/** Somebody as the application knows them, by a session of its own; undefined: the application does not know them. */
export type ActorOf<Asked> = (request: Asked) => ActorOptions | undefined | Promise<ActorOptions | undefined>;
