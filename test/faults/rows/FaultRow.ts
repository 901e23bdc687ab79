import type { Random } from '../random.js';
import type { Scene } from '../scene/Scene.js';

/** What a fault strikes; two that strike different parts may come at once. */
export type Part = 'redis' | 'workers' | 'producers' | 'broadcaster';

/** One kind of fault: it brings it about, ends it, and says how long the service took to be well again. */
export interface FaultRow {
  /** What `--only` takes. */
  readonly id: string;
  /** A sentence without a full stop. */
  readonly what: string;
  readonly parts: readonly Part[];
  /** Why it cannot be brought about on this machine; undefined where it can. */
  readonly unavailable?: () => string | undefined;
  readonly run: (strike: Strike) => Promise<void>;
}

/** One go of a row. */
export interface Strike {
  readonly scene: Scene;
  readonly random: Random;
  /** Lets the fault last. */
  readonly last: (ms: number) => Promise<void>;
  /** Puts down how long something took that may take `most` ms; undefined: it did not happen while it was waited for. */
  readonly took: (what: string, ms: number | undefined, most: number) => void;
  /** Puts down whether something held. */
  readonly held: (what: string, isSo: boolean) => void;
  /** Puts down a figure that nothing depends on. */
  readonly note: (what: string, value: number | string) => void;
}
