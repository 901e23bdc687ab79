import type { FaultProxy } from '../FaultProxy.js';
import type { FaultRow, Part, Strike } from './FaultRow.js';
import { flows } from './redis.js';

type Side = Exclude<Part, 'redis'>;

interface NetworkFault {
  readonly id: string;
  readonly what: string;
  readonly strike: (proxies: readonly FaultProxy[], strike: Strike) => Promise<void>;
}

/** Scripts and whole transactions: what changes something in Redis. */
function isWrite(request: Buffer): boolean {
  return /evalsha|eval\b|exec\b/i.test(request.toString('latin1'));
}

const faults: readonly NetworkFault[] = [
  {
    id: 'delay',
    what: '100 to 300 ms each way, with as much jitter',
    async strike(proxies, { random, last }) {
      const pipe = { delayMs: random.whole(100, 300), jitterMs: random.whole(0, 300) };
      for (const proxy of proxies) proxy.set({ toServer: pipe, toClient: pipe });
      await last(random.whole(1500, 5000));
    },
  },
  {
    id: 'reset',
    what: 'all connections reset, and new ones refused for up to 2 s',
    async strike(proxies, { random, last }) {
      for (const proxy of proxies) proxy.set({ isRefusing: true });
      for (const proxy of proxies) proxy.reset();
      await last(random.whole(0, 2000));
    },
  },
  {
    id: 'half-open',
    what: 'nothing passes, in one direction or in both, and nobody is told; what was held back passes after 1 to 8 s',
    async strike(proxies, { random, last }) {
      const [toServer, toClient] = random.pick([[true, true], [true, false], [false, true]] as const);
      for (const proxy of proxies) proxy.set({ toServer: { isHeld: toServer }, toClient: { isHeld: toClient } });
      await last(random.whole(1000, 8000));
    },
  },
  {
    id: 'reply-lost',
    what: 'a write is carried out, its reply is lost and the connection reset, twelve times',
    async strike(proxies, { random, last, note }) {
      const before = proxies.reduce((sum, { repliesLost }) => sum + repliesLost, 0);
      for (let round = 0; round < 12; round += 1) {
        for (const proxy of proxies) proxy.loseReplies(1, isWrite);
        await last(random.whole(20, 250));
      }
      note('replies lost', proxies.reduce((sum, { repliesLost }) => sum + repliesLost, 0) - before);
    },
  },
  {
    id: 'slow',
    what: '20 to 60 kB a second each way',
    async strike(proxies, { random, last }) {
      const pipe = { bytesPerSecond: random.whole(20_000, 60_000) };
      for (const proxy of proxies) proxy.set({ toServer: pipe, toClient: pipe });
      await last(random.whole(1500, 4000));
    },
  },
  {
    id: 'cut',
    what: 'each connection is reset in the midst of what it says, eight times',
    async strike(proxies, { random, last }) {
      for (let round = 0; round < 8; round += 1) {
        const cutAfterBytes = random.whole(1, 6000);
        for (const proxy of proxies) proxy.set(random.isLikely(0.5) ? { toServer: { cutAfterBytes } } : { toClient: { cutAfterBytes } });
        await last(random.whole(50, 300));
        for (const proxy of proxies) proxy.heal();
        await last(100);
      }
    },
  },
];

const sides: Readonly<Record<Side, { readonly name: string; readonly proxies: (strike: Strike) => readonly FaultProxy[] }>> = {
  producers: { name: 'producer', proxies: ({ scene }) => scene.producers.map(({ process }) => process.proxy) },
  // One of them, or all: then nobody else takes over.
  workers: {
    name: 'worker',
    proxies: ({ scene, random }) => (random.isLikely(0.5) ? scene.workers : [random.pick(scene.workers)]).map(({ proxy }) => proxy),
  },
  broadcaster: { name: 'broadcaster', proxies: ({ scene }) => [scene.broadcaster.proxy] },
};

/** Every fault of the network, before each kind of process. */
export const networkRows: readonly FaultRow[] = (Object.keys(sides) as Side[]).flatMap((part) =>
  faults.map(({ id, what, strike }) => ({
    id: `${sides[part].name}-${id}`,
    what: `between ${part} and Redis: ${what}`,
    parts: [part],
    async run(context) {
      const proxies = sides[part].proxies(context);
      try {
        await strike(proxies, context);
      } finally {
        for (const proxy of proxies) proxy.heal();
      }
      if (part === 'workers') await flows(context);
    },
  })),
);
