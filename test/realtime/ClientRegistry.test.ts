import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { WebSocket } from 'ws';

import { Audience } from '../../src/realtime/Audience.js';
import { ClientRegistry } from '../../src/realtime/ClientRegistry.js';
import { Fingerprints } from '../../src/security/Fingerprints.js';

/** What the registry uses of a socket. */
class FakeSocket extends EventEmitter {
  readyState: number = WebSocket.OPEN;

  close(): void {
    this.readyState = WebSocket.CLOSED;
    this.emit('close');
  }
}
const asSocket = (socket: FakeSocket): WebSocket => socket as unknown as WebSocket;

const users = ['ada', 'bob', 'cleo'];
const user = fc.constantFrom(...users);
const socket = fc.nat({ max: 4 });
const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('register' as const), user, socket }),
    fc.record({ do: fc.constant('remove' as const), user, socket }),
    fc.record({ do: fc.constant('unregister' as const), user, socket }),
    fc.record({ do: fc.constant('close' as const), user, socket }),
  ),
  { maxLength: 60 },
);

describe('ClientRegistry', () => {
  it('always holds exactly the open sockets that were registered and not removed, and leaves nothing behind', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const registry = new ClientRegistry();
        const fingerprints = new Fingerprints(Buffer.alloc(32, 1));
        const audience = new Audience(registry, fingerprints);
        const sockets = Array.from({ length: 5 }, () => new FakeSocket());
        const model = new Map<string, Set<FakeSocket>>(users.map((name) => [name, new Set()]));
        audience.mayBeIn(Buffer.alloc(4), 0);

        for (const step of steps) {
          const one = sockets[step.socket]!;
          const known = model.get(step.user)!;
          if (step.do === 'register') {
            registry.register(step.user, asSocket(one));
            if (one.readyState === WebSocket.OPEN) known.add(one);
          } else if (step.do === 'remove') {
            registry.remove(step.user, asSocket(one));
            known.delete(one);
          } else if (step.do === 'unregister') {
            registry.unregister(step.user);
            known.clear();
          } else {
            one.close();
            for (const set of model.values()) set.delete(one);
          }

          for (const [name, expected] of model) {
            expect(new Set(registry.clientsOf(name)?.keys() ?? [])).toEqual(new Set(expected));
            expect(audience.mayBeIn(fingerprints.user(name, 0), 1)).toBe(expected.size > 0);
          }
          expect(registry.size).toBe([...model.values()].reduce((sum, set) => sum + set.size, 0));
          expect(registry.userCount).toBe([...model.values()].filter((set) => set.size > 0).length);
        }

        for (const name of users) registry.unregister(name);
        expect(registry.size).toBe(0);
        for (const one of sockets) expect(one.listenerCount('close')).toBe(0);
        audience.close();
      }),
      { numRuns: 200 },
    );
  });
});

describe('Audience', () => {
  it('knows a user by the day on which the chunk was stored', () => {
    const registry = new ClientRegistry();
    const fingerprints = new Fingerprints(Buffer.alloc(32, 1));
    const audience = new Audience(registry, fingerprints);
    registry.register('ada', asSocket(new FakeSocket()));
    const day = 86_400_000;
    const on = (number: number) => Buffer.concat([fingerprints.user('bob', number), fingerprints.user('ada', number)]);
    for (const number of [20_000, 19_999, 20_001, 3, 20_000]) {
      expect(audience.mayBeIn(on(number), number * day)).toBe(true);
      expect(audience.mayBeIn(on(number), (number + 1) * day - 1)).toBe(true);
      expect(audience.mayBeIn(on(number), (number + 1) * day)).toBe(false);
    }
  });
});
