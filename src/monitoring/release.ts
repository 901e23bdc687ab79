import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { z } from 'zod';

import { sealedBatchSchema } from '../../queues/jobs.js';

/** What this release writes of a kind, and what of it it can read. A number is raised when older releases could not read it. */
export interface Format {
  readonly writes: number;
  readonly reads: readonly number[];
}

/** Everything that one process leaves for another to read. */
export const formats: Readonly<Record<string, Format>> = {
  /** What producers put into queues. */
  batch: { writes: sealedBatchSchema.shape.v.value, reads: [sealedBatchSchema.shape.v.value] },
  /** How events and samples rest, merged ones included. */
  chunk: { writes: 1, reads: [1] },
  /** What broadcasters read. */
  feed: { writes: 1, reads: [1] },
};

/** What a process says of itself with each heartbeat. */
export interface Release {
  readonly version: string;
  readonly bullmq: string;
  readonly formats: Readonly<Record<string, Format>>;
}

export const formatsSchema = z.record(z.string(), z.object({ writes: z.number(), reads: z.array(z.number()) }));

let own: Release | undefined;

/** The release that this process runs; read once. */
export function ownRelease(): Release {
  own ??= { version: versionIn(new URL('./', import.meta.url), 'analytics-service'), bullmq: bullmqVersion(), formats };
  return own;
}

/** The version that the package's own package.json has, in a folder above: sources and what is built lie differently deep. */
function versionIn(folder: URL, name: string): string {
  for (let at = folder; ; at = new URL('../', at)) {
    try {
      const found = JSON.parse(readFileSync(new URL('package.json', at), 'utf8')) as { name?: unknown; version?: unknown };
      if (found.name === name && typeof found.version === 'string') return found.version;
    } catch {
      // None here, or none that can be read.
    }
    if (at.pathname === '/' || new URL('../', at).href === at.href) return 'unknown';
  }
}

function bullmqVersion(): string {
  const entry = createRequire(import.meta.url).resolve('bullmq');
  return versionIn(new URL('./', `file://${entry}`), 'bullmq');
}
