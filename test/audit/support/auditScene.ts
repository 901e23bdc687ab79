import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Redis } from 'ioredis';

import type { AuditEntry, AuditLog } from '../../../src/audit/AuditLog.js';
import { redisSource, type ChainSource } from '../../../src/audit/chain/ChainSource.js';
import type { ChainHead } from '../../../src/audit/chain/ChainHead.js';
import { createAuditLog, type AuditLogOptions } from '../../../src/audit/createAuditLog.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys, type Keys } from '../../../src/redis/keys.js';
import { AuditKeys } from '../../../src/security/AuditKeys.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { people } from '../../support/witness/people.js';
import { witness } from '../../support/witness/witness.js';

/** A Redis of its own, keys, and a folder for checkpoints. */
export interface AuditScene {
  readonly server: TestRedis;
  readonly redis: Redis;
  readonly secrets: AuditKeys;
  /** Keys and a folder that no other call gets. */
  place(): { readonly keys: Keys; readonly folder: string; readonly source: ChainSource; open(options?: Partial<AuditLogOptions>): AuditLog };
  end(): Promise<void>;
}

export async function openAuditScene(args: readonly string[] = []): Promise<AuditScene> {
  const server = await startRedis({ args });
  const base = mkdtempSync(join(tmpdir(), 'analytics-audit-'));
  const redis = connect(server.url, 'failFast', 'test', () => undefined);
  const secrets = new AuditKeys(Buffer.alloc(32, 7));
  let places = 0;
  return {
    server,
    redis,
    secrets,
    place() {
      places += 1;
      const keys = createKeys(`p${places}:`);
      const folder = join(base, String(places));
      return { keys, folder, source: redisSource(redis, keys.audit), open: (options) => createAuditLog({ redis, keys, secrets, folder, ...options }) };
    },
    async end() {
      redis.disconnect();
      await server.stop();
      witness.removeFolder(base);
    },
  };
}

export const sampleEntry: AuditEntry = {
  actor: { subject: 'dr-jones', roles: ['clinician'], via: 'token' },
  operation: 'events.read',
  outcome: 'allowed',
  purpose: 'treatment',
  subjects: [people.eve],
  series: 'therapy_session',
  count: 3,
  origin: '10.1.2.3',
};

/** A copy of what a source holds, to be spoilt. */
export interface ChainCopy {
  readonly heads: Map<string, ChainHead>;
  readonly elements: Map<string, Buffer[]>;
}

export async function copyChains(source: ChainSource): Promise<ChainCopy> {
  const heads = new Map(await source.heads());
  const elements = new Map<string, Buffer[]>();
  for (const chain of heads.keys()) {
    const all: Buffer[] = [];
    for await (const { bytes } of source.elements(chain)) all.push(bytes);
    elements.set(chain, all);
  }
  return { heads, elements };
}

export function copySource({ heads, elements }: ChainCopy): ChainSource {
  return {
    heads: () => Promise.resolve(heads),
    async *elements(chain) {
      for (const bytes of elements.get(chain) ?? []) yield await Promise.resolve({ bytes, isAgain: false });
    },
  };
}
