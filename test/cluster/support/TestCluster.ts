import { Redis } from 'ioredis';

import { keySlot } from '../../../src/redis/keySlot.js';
import { until } from '../../support/program.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { securedArguments, securedClient, securedServer, type Secured } from './secured.js';

const SLOTS = 16_384;
const MASTERS = 3;
const FORM_MS = 20_000;

/** One server of the cluster, with a connection to it alone. */
export interface TestNode {
  readonly server: TestRedis;
  readonly redis: Redis;
  readonly id: string;
}

/** A Redis Cluster of three masters with a replica each, on free ports. A master that is gone is replaced after about a second. */
export class TestCluster {
  readonly nodes: readonly TestNode[];

  private constructor(nodes: readonly TestNode[]) {
    this.nodes = nodes;
  }

  /** @param secured TLS and a password for everybody, the nodes among themselves too */
  static async start(args: readonly string[] = [], secured?: Secured): Promise<TestCluster> {
    const servers = await Promise.all(
      Array.from({ length: 2 * MASTERS }, async () =>
        startRedis({ ...securedServer(secured), args: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', '--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1', ...args, ...securedArguments(secured)] }),
      ),
    );
    const nodes = await Promise.all(
      servers.map(async (server) => {
        const redis = new Redis(server.url, { ...securedClient(secured), protocol: 2, retryStrategy: () => 200, maxRetriesPerRequest: 1 });
        redis.on('error', () => undefined);
        return { server, redis, id: String(await redis.cluster('MYID')) };
      }),
    );
    const cluster = new TestCluster(nodes);
    await cluster.#form();
    return cluster;
  }

  /** For `REDIS_CLUSTER`: not all of them, so that the others have to be found. */
  get hosts(): string[] {
    return this.nodes.slice(0, 4).map(({ server }) => `127.0.0.1:${server.port}`);
  }

  /** Who has the slot of a key now, as a node that lives tells. */
  async masterOf(key: string): Promise<TestNode> {
    const slot = keySlot(key);
    for (const { redis } of this.nodes.filter(({ redis: { status } }) => status === 'ready')) {
      const ranges = await redis.cluster('SLOTS');
      const found = ranges.find(([from, to]) => from <= slot && slot <= to);
      const node = this.nodes.find(({ id }) => id === found?.[2]?.[2]);
      if (node !== undefined) return node;
    }
    throw new Error(`Nobody has slot ${slot}.`);
  }

  /** A master that has not this slot. */
  async otherMaster(key: string): Promise<TestNode> {
    const owner = await this.masterOf(key);
    for (const node of this.nodes) if (node !== owner && String(((await node.redis.role()) as unknown[])[0]) === 'master') return node;
    throw new Error('There is no other master.');
  }

  /** Moves a slot with all of its keys to another master, as an operator would, `pauseMs` after each key. */
  async moveSlot(key: string, to: TestNode, pauseMs = 0): Promise<number> {
    const slot = keySlot(key);
    const from = await this.masterOf(key);
    await to.redis.cluster('SETSLOT', slot, 'IMPORTING', from.id);
    await from.redis.cluster('SETSLOT', slot, 'MIGRATING', to.id);
    let moved = 0;
    for (;;) {
      const [name] = (await from.redis.call('CLUSTER', 'GETKEYSINSLOT', String(slot), '1')) as string[];
      if (name === undefined) break;
      await from.redis.call('MIGRATE', '127.0.0.1', String(to.server.port), name, '0', '5000');
      moved += 1;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    for (const node of [to, from]) await node.redis.cluster('SETSLOT', slot, 'NODE', to.id);
    return moved;
  }

  async stop(): Promise<void> {
    for (const { redis } of this.nodes) redis.disconnect();
    await Promise.all(this.nodes.map(async ({ server }) => server.stop()));
  }

  async #form(): Promise<void> {
    const masters = this.nodes.slice(0, MASTERS);
    const replicas = this.nodes.slice(MASTERS);
    for (const [place, { redis }] of masters.entries()) {
      await redis.cluster('SET-CONFIG-EPOCH', place + 1);
      const from = Math.ceil((place * SLOTS) / MASTERS);
      const to = Math.ceil(((place + 1) * SLOTS) / MASTERS);
      await redis.cluster('ADDSLOTS', ...Array.from({ length: to - from }, (_, index) => from + index));
    }
    const [first] = masters;
    for (const { redis } of this.nodes.slice(1)) await redis.cluster('MEET', '127.0.0.1', first!.server.port);
    await this.#all((info) => info.includes('cluster_known_nodes:6'));
    for (const [place, { redis }] of replicas.entries()) await redis.cluster('REPLICATE', masters[place]!.id);
    await this.#all((info) => info.includes('cluster_state:ok'));
    const isLinked = await until(async () => {
      const infos = await Promise.all(replicas.map(async ({ redis }) => redis.info('replication')));
      return infos.every((info) => info.includes('master_link_status:up'));
    }, FORM_MS);
    if (!isLinked) throw new Error('The replicas did not link to their masters.');
  }

  async #all(test: (info: string) => boolean): Promise<void> {
    const isSo = await until(async () => {
      const infos = await Promise.all(this.nodes.map(async ({ redis }) => redis.cluster('INFO')));
      return infos.every((info) => test(String(info)));
    }, FORM_MS);
    if (!isSo) throw new Error('The cluster did not form.');
  }
}
