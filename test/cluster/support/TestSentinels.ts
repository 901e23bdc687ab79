import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Redis } from 'ioredis';

import { until } from '../../support/program.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { securedArguments, securedClient, securedServer, type Secured } from './secured.js';

const NAME = 'mymaster';
const QUORUM = '2';
const FORM_MS = 20_000;
/** As in the promise: a master that is away for so long is replaced. */
const DOWN_AFTER_MS = '2000';

/** A master with two replicas, and three sentinels that watch over them, on free ports. */
export class TestSentinels {
  readonly #servers: TestRedis[];
  readonly #sentinels: readonly TestRedis[];
  readonly #secured: Secured | undefined;

  private constructor(servers: TestRedis[], sentinels: readonly TestRedis[], secured: Secured | undefined) {
    this.#secured = secured;
    this.#servers = servers;
    this.#sentinels = sentinels;
  }

  /** @param secured TLS and a password for everybody, the servers and sentinels among themselves too */
  static async start(secured?: Secured): Promise<TestSentinels> {
    const own = securedArguments(secured);
    const master = await startRedis({ ...securedServer(secured), args: own });
    const replicaOf = ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0'];
    const replicas = await Promise.all([0, 1].map(async () => startRedis({ ...securedServer(secured), args: [...replicaOf, ...own] })));
    const sentinels = await Promise.all([0, 1, 2].map(async () => startSentinel(master.port, secured)));
    const set = new TestSentinels([master, ...replicas], sentinels, secured);
    const isFormed = await until(async () => {
      const known = await Promise.all(sentinels.map(async ({ port }) => ask(port, ['SENTINEL', 'MASTER', NAME], secured)));
      return known.every((fields) => valueOf(fields, 'num-slaves') === '2' && valueOf(fields, 'num-other-sentinels') === '2' && valueOf(fields, 'flags') === 'master');
    }, FORM_MS);
    // A replica counts for sentinels before it has what the master has.
    const isLinked = await until(async () => {
      const infos = await Promise.all(replicas.map(async ({ port }) => ask(port, ['INFO', 'replication'], secured)));
      return infos.every((info) => String(info).includes('master_link_status:up'));
    }, FORM_MS);
    if (!isFormed || !isLinked) throw new Error('The sentinels did not find each other.');
    return set;
  }

  /** For `REDIS_SENTINELS`. */
  get hosts(): string[] {
    return this.#sentinels.map(({ port }) => `127.0.0.1:${port}`);
  }

  async master(): Promise<TestRedis> {
    const [, port] = (await ask(this.#sentinels[0]!.port, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME], this.#secured)) as string[];
    return this.#servers.find((server) => String(server.port) === port)!; // one of those that were started
  }

  /** Has a replica take over from a master that is well. @returns whether one did */
  async failOver(): Promise<boolean> {
    const before = await this.master();
    // Refused while the sentinels still see to the last one.
    const isBegun = await until(async () => ask(this.#sentinels[0]!.port, ['SENTINEL', 'FAILOVER', NAME], this.#secured).then(() => true, () => false), FORM_MS);
    return isBegun && until(async () => (await this.master()) !== before, FORM_MS);
  }

  /** One of the three is away from now on. */
  async stopSentinel(): Promise<void> {
    await this.#sentinels.at(-1)!.kill(); // there are three
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#sentinels, ...this.#servers].map(async (server) => server.stop()));
  }
}

/** A sentinel writes what it learns into its file, and starts with one only. */
async function startSentinel(masterPort: number, secured: Secured | undefined): Promise<TestRedis> {
  const sentinel = await startRedis({
    ...securedServer(secured),
    configure: (dir) => {
      const file = join(dir, 'sentinel.conf');
      writeFileSync(file, [`sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${QUORUM}`, `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`, `sentinel failover-timeout ${NAME} 5000`, ...(secured === undefined ? [] : [`sentinel auth-pass ${NAME} ${secured.password}`, `requirepass ${secured.password}`]), ''].join('\n'));
      return [file, '--sentinel'];
    },
  });
  return sentinel;
}

async function ask(port: number, [command = '', ...args]: readonly string[], secured: Secured | undefined): Promise<unknown> {
  const redis = new Redis({ ...securedClient(secured), host: '127.0.0.1', port, protocol: 2, enableReadyCheck: false, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    return await redis.call(command, ...args);
  } finally {
    redis.disconnect();
  }
}

function valueOf(fields: unknown, name: string): string | undefined {
  const list = fields as readonly string[]; // names and values in turn
  return list[list.indexOf(name) + 1];
}
