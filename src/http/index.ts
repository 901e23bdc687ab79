export { createHttpApi, type HttpApi, type HttpApiOptions } from './createHttpApi.js';
export type { ActorOf } from './ActorOf.js';
export type { CredentialLockout } from './CredentialLockout.js';
export { describeApi } from './openApi.js';
