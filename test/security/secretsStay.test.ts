import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createEventTypes } from '../../src/contract/eventTypes.js';
import { ValidationError } from '../../src/errors/ValidationError.js';
import { AnalyticsService } from '../../src/lib/services/analytics/AnalyticsService.js';
import type { GuardPolicy } from '../../src/security/guard/GuardPolicy.js';
import { clearForms, findForms } from '../support/clearForms.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { recordWire, type Wire } from '../support/wire.js';

const secret = 'canary-pin-Q7-918273';
const address = 'jane.canaryson@birds.example';
const encryptionKey = randomBytes(32).toString('base64');
const tokenKey = randomBytes(32).toString('base64');
const types = createEventTypes();
const LOGIN = types.define('login', { classes: { properties: { pin: 'secret', email: 'pii', step: 'internal', vault: { '*': 'secret' } } } });

let redis: TestRedis;
let wire: Wire;
const services: AnalyticsService[] = [];

beforeAll(async () => {
  redis = await startRedis();
  wire = await recordWire(redis.port);
}, 60_000);

afterAll(async () => {
  await Promise.all(services.map(async (service) => service.close()));
  await wire?.close();
  await redis?.stop();
}, 60_000);

function service(guard: GuardPolicy, prefix: string): AnalyticsService {
  const made = new AnalyticsService({ redisUrl: `redis://127.0.0.1:${wire.port}`, redisPrefix: prefix, encryptionKey, deadlineMs: 20_000, guard, eventTypes: types });
  services.push(made);
  return made;
}

const given = { pin: secret, email: address, step: 2, vault: { a: secret, b: [secret] } };

describe('what was sent', () => {
  test('holds no secret once it is opened: it was left out before it was sealed', async () => {
    const analytics = service({}, 'secrets:');
    const id = await analytics.trackEvent({ type: LOGIN, properties: given });
    await analytics.processEvents();
    // What is read back was opened from the bytes that were sent: with the key, all of it can be seen.
    const event = await analytics.getEvent(id, { type: LOGIN });
    expect(event?.properties).toEqual({ email: address, step: 2, vault: {} });
  }, 60_000);

  test('holds a token in place of an identifier, by policy', async () => {
    const analytics = service({ pii: 'tokenise', tokenKey }, 'tokens:');
    const id = await analytics.trackEvent({ type: LOGIN, properties: given });
    await analytics.processEvents();
    const event = await analytics.getEvent(id, { type: LOGIN });
    expect(event?.properties).toEqual({ email: expect.stringMatching(/^tok_[\w-]{22}$/), step: 2, vault: {} });
  }, 60_000);

  test('is nothing at all when the policy refuses', async () => {
    const analytics = service({ secret: 'refuse' }, 'refusing:');
    const refusal = await analytics.trackEvent({ type: LOGIN, properties: given }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ValidationError);
    expect(String(refusal)).not.toContain(secret);
    await analytics.processEvents();
    expect(await analytics.countEvents({ type: LOGIN })).toBe(0);
  }, 60_000);

  test('shows neither secret, address nor token key to the wire, in any form', () => {
    const forms = [secret, address, tokenKey].flatMap(clearForms);
    expect(wire.bytes().reduce((total, bytes) => total + bytes.length, 0)).toBeGreaterThan(5_000);
    expect(wire.bytes().flatMap((bytes) => findForms(bytes, forms))).toEqual([]);
  });
});
