import type { Config } from '../config/parseConfig.js';
import type { LogFields } from '../logging/fields.js';
import type { Logger } from '../logging/createLogger.js';
import type { Keys } from '../redis/keys.js';
import type { KeyRing } from '../security/KeyRing.js';

/** What every role gets; made once in a process. The parts import these types only, never the processes. */
export interface Runtime {
  readonly config: Config;
  readonly logger: Logger;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  /** Ends this process, in order, to be started again: for what it cannot mend by itself. Absent where nobody would start it. */
  readonly endBroken?: (sentence: string, fields: LogFields) => void;
}

/** A role that runs. */
export interface RunningRole {
  /** Takes no more, finishes what it has, and lets go of what it opened. Bounded; safe to call twice. */
  close(): Promise<void>;
}

/** Starts a role; resolves once it does its work. */
export type StartRole = (runtime: Runtime) => Promise<RunningRole>;
