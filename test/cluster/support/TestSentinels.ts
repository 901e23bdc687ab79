import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Redis } from 'ioredis';

import { FaultProxy } from '../../faults/FaultProxy.js';
import { until } from '../../support/program.js';
import { freePort, startRedis, type TestRedis } from '../../support/redis.js';
import { securedArguments, securedClient, securedServer, type Secured } from './secured.js';

const NAME = 'mymaster';
const QUORUM = '2';
const FORM_MS = 20_000;
/** As in the promise: a master that is away for so long is replaced. */
const DOWN_AFTER_MS = '2000';
/** Where clients come from, and where replicas and sentinels do that may be cut off. */
const NEAR_SIDE = '127.0.0.1';
const FAR_SIDE = '127.0.0.2';

export interface TestSentinelsOptions {
  /** TLS and a password for everybody, the servers and sentinels among themselves too. */
  readonly secured?: Secured | undefined;
  /** Further arguments of the three servers. */
  readonly args?: readonly string[];
  /** Whether `cut` may be called. Needs Redis 7 and Linux, for addresses of their own. Default: false. */
  readonly isCuttable?: boolean;
}

/** A server or sentinel, and the port by which the others and clients know it. */
interface Member {
  readonly server: TestRedis;
  readonly port: number;
  /** What lies between it and whoever comes to it. */
  readonly proxy?: FaultProxy;
}

/** A master with two replicas, and three sentinels that watch over them, on free ports. */
export class TestSentinels {
  readonly #servers: readonly Member[];
  readonly #sentinels: readonly Member[];
  readonly #secured: Secured | undefined;

  private constructor(servers: readonly Member[], sentinels: readonly Member[], secured: Secured | undefined) {
    this.#secured = secured;
    this.#servers = servers;
    this.#sentinels = sentinels;
  }

  static async start({ secured, args = [], isCuttable = false }: TestSentinelsOptions = {}): Promise<TestSentinels> {
    const own = [...securedArguments(secured), ...args];
    const startServer = async (further: readonly string[]): Promise<TestRedis> => startRedis({ ...securedServer(secured), args: [...further, ...own] });
    // Who comes from the far side is no local client, and would be let in with a password alone.
    const announced = isCuttable ? ['--replica-announce-ip', '127.0.0.1', '--protected-mode', 'no'] : [];
    const master = isCuttable ? await behindProxy(async (port, known) => startRedis({ port, args: [...announced, '--replica-announce-port', String(known), ...own] })) : directly(await startServer([]));
    const replicaOf = ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0', ...announced, ...(isCuttable ? ['--bind-source-addr', FAR_SIDE] : [])];
    const replicas = await Promise.all([0, 1].map(async () => directly(await startServer(replicaOf))));
    const sentinels = await Promise.all([0, 1, 2].map(async () => (isCuttable ? behindProxy(async (port, known) => startSentinel({ masterPort: master.port, port, known })) : directly(await startSentinel({ masterPort: master.port, secured })))));
    const set = new TestSentinels([master, ...replicas], sentinels, secured);
    const isFormed = await until(async () => {
      const known = await Promise.all(sentinels.map(async ({ server }) => ask(server.port, ['SENTINEL', 'MASTER', NAME], secured)));
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

  /** Whom the sentinels name, as one of them says to who stands beside it. */
  async master(): Promise<TestRedis> {
    const [, port] = (await ask(this.#sentinels[0]!.server.port, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME], this.#secured)) as string[];
    return this.#servers.find((one) => String(one.port) === port)!.server; // one of those that were started
  }

  /**
   * A partition: the first master and all clients are on one side, its replicas and the sentinels on the other. Nothing
   * passes between them, and nobody is told; clients go on reaching the master.
   */
  cut(): void {
    const isHeld = { isHeld: true };
    this.#servers[0]!.proxy?.set({ toServer: isHeld, toClient: isHeld, from: FAR_SIDE });
    for (const { proxy } of this.#sentinels) proxy?.set({ toServer: isHeld, toClient: isHeld, from: NEAR_SIDE });
  }

  /** Ends the partition. */
  heal(): void {
    for (const { proxy } of [...this.#servers, ...this.#sentinels]) proxy?.heal();
  }

  /** Has a replica take over from a master that is well. @returns whether one did */
  async failOver(): Promise<boolean> {
    const before = await this.master();
    // Refused while the sentinels still see to the last one.
    const isBegun = await until(async () => ask(this.#sentinels[0]!.server.port, ['SENTINEL', 'FAILOVER', NAME], this.#secured).then(() => true, () => false), FORM_MS);
    return isBegun && until(async () => (await this.master()) !== before, FORM_MS);
  }

  /** One of the three is away from now on. */
  async stopSentinel(): Promise<void> {
    await this.#sentinels.at(-1)!.server.kill(); // there are three
  }

  async stop(): Promise<void> {
    const all = [...this.#sentinels, ...this.#servers];
    await Promise.all(all.map(async ({ proxy }) => proxy?.close()));
    await Promise.all(all.map(async ({ server }) => server.stop()));
  }
}

function directly(server: TestRedis): Member {
  return { server, port: server.port };
}

/** Starts a server on a port that only its proxy comes to; to the others it is to say the proxy's. */
async function behindProxy(start: (port: number, known: number) => Promise<TestRedis>): Promise<Member> {
  const port = await freePort();
  const proxy = await FaultProxy.listen(port);
  return { server: await start(port, proxy.port), port: proxy.port, proxy };
}

interface SentinelOptions {
  readonly masterPort: number;
  readonly secured?: Secured | undefined;
  /** With `known`, the port by which others and clients know it: one that can be cut off. */
  readonly port?: number;
  readonly known?: number;
}

/** A sentinel writes what it learns into its file, and starts with one only. */
async function startSentinel({ masterPort, secured, port, known }: SentinelOptions): Promise<TestRedis> {
  const lines = [
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} 5000`,
    ...(secured === undefined ? [] : [`sentinel auth-pass ${NAME} ${secured.password}`, `requirepass ${secured.password}`]),
    ...(known === undefined ? [] : ['sentinel announce-ip 127.0.0.1', `sentinel announce-port ${known}`, `bind-source-addr ${FAR_SIDE}`]),
  ];
  return startRedis({
    ...securedServer(secured),
    ...(port !== undefined && { port }),
    configure: (dir) => {
      const file = join(dir, 'sentinel.conf');
      writeFileSync(file, `${lines.join('\n')}\n`);
      return [file, '--sentinel'];
    },
  });
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
