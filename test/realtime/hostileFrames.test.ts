import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { parseConfig } from '../../src/config/parseConfig.js';
import { closeCodes } from '../../src/contract/socketProtocol.js';
import { ClientRegistry } from '../../src/realtime/ClientRegistry.js';
import { createFigures } from '../../src/realtime/RealtimeFigures.js';
import { SocketServer } from '../../src/realtime/SocketServer.js';
import { createTokenVerifier, signToken } from '../../src/security/tokens.js';
import { openAccess } from '../support/access.js';
import { HOSTILE_MS, hostileRuns } from '../support/hostileRuns.js';
import { ODD_CANARY, oddKey } from '../support/oddValues.js';
import { people } from '../support/witness/people.js';
import { openSocket, signIn } from './support/socket.js';

const config = parseConfig({ ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('base64') });
const registry = new ClientRegistry();
let server: SocketServer;
let url: string;
beforeAll(async () => {
  const { gate, revocations } = openAccess();
  server = new SocketServer({
    gate, revocations, lockOut: undefined, host: '127.0.0.1', port: 0, registry, figures: createFigures(registry),
    broadcaster: { position: () => ({}) }, verifier: await createTokenVerifier(config), limits: { closeWithinMs: 500 },
  });
  url = `ws://127.0.0.1:${(await server.listen()).port}`;
});
afterAll(async () => server.close());

const value = fc.oneof(fc.constantFrom('authenticate', 'active', ODD_CANARY, '', '\0', '__proto__'), fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }));
const message = fc.oneof(
  fc.dictionary(fc.oneof(fc.constantFrom('type', 'userId', 'token'), oddKey), value),
  fc.record({ type: fc.constant('authenticate'), userId: value, token: fc.oneof(value, fc.constantFrom('a.b.c', 'eyJhbGciOiJub25lIn0.e30.', ODD_CANARY)) }, { requiredKeys: ['type'] }),
  value,
);
const frame = fc.oneof(
  message.map((given) => ({ data: Buffer.from(JSON.stringify(given)), binary: false })),
  fc.record({ data: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), binary: fc.boolean() }),
  fc.constantFrom('['.repeat(60_000), '{"type":'.repeat(8000), 'x'.repeat(70_000), '{"type":"active","type":"authenticate"}').map((text) => ({ data: Buffer.from(text), binary: false })),
);
/** No message that is known, no UTF-8, too long, a token that is refused. */
const CODES = [closeCodes.badMessage.code, 1007, 1009, closeCodes.unauthenticated.code, closeCodes.forbidden.code];

it('whatever a socket sends, it is closed with a code that says why, nobody is signed in, and the server goes on', async () => {
  await fc.assert(
    fc.asyncProperty(frame, async ({ data, binary }) => {
      const socket = await openSocket(url);
      socket.ws.send(data, { binary });
      const { code, reason } = await socket.closed;
      expect(CODES).toContain(code);
      expect(JSON.stringify([reason, socket.messages])).not.toContain(ODD_CANARY);
      expect(registry.size).toBe(0);
    }),
    { numRuns: hostileRuns('frames') },
  );
  const good = await signIn(url, people.ada, await signToken(config, { subject: people.ada, ttlSeconds: 60 }));
  expect(registry.size).toBe(1);
  await good.close();
}, HOSTILE_MS);
