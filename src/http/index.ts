export { createHttpApi, type HttpApi, type HttpApiOptions } from './createHttpApi.js';
export type { ActorOf } from './ActorOf.js';
export { createLockout, type Lockout } from './Lockout.js';
export { describeApi } from './openApi.js';
