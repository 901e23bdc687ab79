import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Redis } from 'ioredis';

import { FailureCounter } from '../../src/doors/FailureCounter.js';
import { forgiveFailures } from '../../src/doors/forgiveFailures.js';
import type { Door } from '../../src/doors/failureMark.js';
import { LockOut } from '../../src/doors/LockOut.js';
import { lockOutLimits, type LockOutLimits } from '../../src/doors/lockOutLimits.js';
import { networkOf } from '../../src/doors/networkOf.js';
import { countLockedOut } from '../../src/doors/countLockedOut.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { script } from '../../src/redis/Script.js';
import { Fingerprints } from '../../src/security/Fingerprints.js';
import { openAccess } from '../support/access.js';
import { clearForms } from '../support/clearForms.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { redisStrings } from '../support/redisContent.js';

const MINUTE_MS = 60_000;
const keys = createKeys('analytics:');
const fingerprints = new Fingerprints(randomBytes(32));

let server: TestRedis;
let redis: Redis;
let now: number;
beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'failFast', 'test', () => undefined);
});
beforeEach(async () => {
  await redis.flushall();
  now = 1_800_000_000_000;
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** One process's door. */
function open({ door = 'board' as Door, limits = {} as Partial<LockOutLimits>, to = redis } = {}) {
  const said: [string, object | undefined][] = [];
  const log = (sentence: string, fields?: object) => void said.push([sentence, fields]);
  const access = openAccess();
  const lockOut = new LockOut({ redis: to, keys, fingerprints, door, operation: 'signin.board', gate: access.gate, logger: { error: log, warn: log, info: log, debug: log }, now: () => now, limits });
  return { lockOut, said, entries: access.entries };
}

async function fail(lockOut: LockOut, times: number, address: string, person?: string): Promise<number> {
  let lockedMs = 0;
  for (let n = 0; n < times; n += 1) lockedMs = await lockOut.failed(address, person);
  return lockedMs;
}

describe('failed sign-ins', () => {
  it('lock out after five, at every process together, and at no other door', async () => {
    const [one, other, api] = [open().lockOut, open().lockOut, open({ door: 'http' }).lockOut];
    await fail(one, 3, '10.0.0.1');
    expect(await other.lockedFor('10.0.0.1')).toBe(0);
    expect(await fail(other, 2, '10.0.0.1')).toBe(MINUTE_MS);
    expect([await one.lockedFor('10.0.0.1'), await other.lockedFor('10.0.0.1')]).toEqual([MINUTE_MS, MINUTE_MS]);
    expect([await one.lockedFor('10.0.0.2'), await api.lockedFor('10.0.0.1')]).toEqual([0, 0]);
    // A process that starts meanwhile knows it too.
    expect(await open().lockOut.lockedFor('10.0.0.1')).toBe(MINUTE_MS);
    now += MINUTE_MS;
    expect(await one.lockedFor('10.0.0.1')).toBe(0);
  });

  it('of one person count wherever they come from, and only where it is proved who it is', async () => {
    const { lockOut } = open();
    for (let n = 0; n < 5; n += 1) await lockOut.failed(`10.0.1.${n}`, 'jane');
    expect([await lockOut.lockedFor('10.9.9.9', 'jane'), await lockOut.lockedFor('10.9.9.9', 'joe'), await lockOut.lockedFor('10.9.9.9')]).toEqual([MINUTE_MS, 0, 0]);
  });

  it('lock out for twice as long each time, an hour at most, and are forgotten after a day', async () => {
    const { lockOut } = open();
    const locks: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      locks.push((await fail(lockOut, 5, '10.0.0.1')) / MINUTE_MS);
      now += locks.at(-1)! * MINUTE_MS;
    }
    expect(locks).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    now += lockOutLimits.rememberedMs;
    expect(await fail(lockOut, 5, '10.0.0.1')).toBe(MINUTE_MS);
  });

  it('that are spread are none, and those of a person who signs in are forgotten, but no address’s', async () => {
    const { lockOut } = open();
    await fail(lockOut, 4, '10.0.0.1', 'jane');
    now += lockOutLimits.windowMs;
    await fail(lockOut, 4, '10.0.0.1', 'jane');
    await lockOut.succeeded('jane');
    expect(await lockOut.failed('10.0.0.2', 'jane')).toBe(0);
    expect(await lockOut.failed('10.0.0.1')).toBe(MINUTE_MS);
    // What is not looked at while somebody is locked out is not counted either.
    await fail(lockOut, 20, '10.0.0.1');
    now += MINUTE_MS;
    expect(await lockOut.lockedFor('10.0.0.1')).toBe(0);
  });

  it('are alarmed about once for each lock, without a word of who, and recorded with who and from where', async () => {
    const { lockOut, said, entries } = open();
    await fail(lockOut, 12, '10.0.0.1', 'jane');
    expect(said).toEqual([
      [expect.stringMatching(/^ALARM: sign-ins/), { reason: 'address', name: 'board', durationMs: MINUTE_MS }],
      [expect.stringMatching(/^ALARM: sign-ins/), { reason: 'person', name: 'board', durationMs: MINUTE_MS }],
    ]);
    expect(JSON.stringify(said)).not.toMatch(/jane|10\.0\.0\.1/);
    expect(entries).toEqual([
      expect.objectContaining({ operation: 'signin.board', outcome: 'denied', origin: '10.0.0.1', reason: 'locked out: address, 60 s', actor: { subject: 'jane', roles: [], via: 'token' } }),
      expect.objectContaining({ reason: 'locked out: person, 60 s' }),
    ]);
    expect([lockOut.figures, await countLockedOut(redis, keys, now), await countLockedOut(redis, keys, now + MINUTE_MS + 1)]).toEqual([{ signInFailures: 12, signInLocks: 2 }, 2, 0]);
  });

  it('tell Redis neither who nor from where, and leave nothing there for ever', async () => {
    const { lockOut } = open();
    const [person, address] = ['jane.doe@example.org', '203.0.113.77'];
    await fail(lockOut, 6, address, person);
    const forms = [person, address, `board|address|${address}`, `board|person|${person}`].flatMap(clearForms);
    const strings = await redisStrings(redis);
    expect(strings.length).toBeGreaterThan(6);
    for (const { key, bytes } of strings) for (const { form, bytes: clear } of forms) expect([key, form, bytes.includes(clear)]).toEqual([key, form, false]);
    for (const key of Object.values(keys.lockOut)) expect([key, (await redis.pttl(key)) > 0]).toEqual([key, true]);
  });

  it('of many addresses take bounded room, and unlock nobody who was locked out for long', async () => {
    const { lockOut } = open({ limits: { kept: 20 } });
    await fail(lockOut, 5, '10.0.0.1');
    for (let n = 0; n < 60; n += 1) await lockOut.failed(`10.1.0.${n}`);
    expect([await redis.zcard(keys.lockOut.forgotten), await redis.hlen(keys.lockOut.failures)]).toEqual([20, 20]);
    expect(await open().lockOut.lockedFor('10.0.0.1')).toBe(MINUTE_MS);
  });
});

describe('somebody who is let in again', () => {
  it('may try at every door, from the next moment on, and the others stay locked out', async () => {
    const [board, api] = [open().lockOut, open({ door: 'http' }).lockOut];
    for (const lockOut of [board, api]) for (const person of ['jane', 'joe']) await fail(lockOut, 5, '10.0.0.1', person);
    expect([await forgiveFailures({ redis, keys, fingerprints }, { person: 'jane' }), await forgiveFailures({ redis, keys, fingerprints }, { address: '::ffff:10.0.0.1' })]).toEqual([true, true]);
    expect(await forgiveFailures({ redis, keys, fingerprints }, { person: 'nobody' })).toBe(false);
    const elsewhere = [open().lockOut, open({ door: 'http' }).lockOut];
    for (const lockOut of elsewhere) expect([await lockOut.lockedFor('10.0.0.1', 'jane'), await lockOut.lockedFor('10.0.0.1', 'joe')]).toEqual([0, MINUTE_MS]);
  });
});

describe('tries that are taken before they are looked at', () => {
  it('are looked at five times and no more, however many come at once at however many processes', async () => {
    const doors = [open(), open(), open()];
    const answers = await Promise.all(Array.from({ length: 60 }, async (_, n) => doors[n % 3]!.lockOut.take('10.0.0.1', 'jane')));
    expect(answers.filter((lockedMs) => lockedMs === 0).length).toBe(5);
    await doors[0]!.lockOut.succeeded('jane');
    now += 1;
    expect(await open().lockOut.take('10.0.0.1', 'jane')).toBe(0);
  });

  it('are alarmed about once, though Redis takes them in another order', async () => {
    // A connection that sends the first five commands last, as happens to those that come while Redis has to be told the script.
    let held = 5;
    let sendHeld = (): void => undefined;
    const isTurn = new Promise<void>((resolve) => (sendHeld = resolve));
    const slow = new Proxy(redis, {
      get: (target, name) => {
        if (name !== 'callBuffer' || held-- <= 0) return Reflect.get(target, name, target) as unknown;
        return async (command: string, ...args: string[]) => isTurn.then(async () => target.callBuffer(command, ...args));
      },
    });
    const { lockOut, entries } = open({ to: slow });
    const take = async () => lockOut.take('10.0.0.1', 'jane');
    const first = Array.from({ length: 5 }, take);
    await Promise.all(Array.from({ length: 15 }, take));
    sendHeld();
    await Promise.all(first);
    expect(entries.map(({ reason }) => reason)).toEqual(['locked out: person, 60 s']);
  });
});

describe('while Redis is away', () => {
  it('each process counts for itself, locks out all the same, and says that it is so', async () => {
    const away = connect('redis://127.0.0.1:1', 'failFast', 'test', () => undefined);
    const { lockOut, said } = open({ to: away, limits: { failures: 2 } });
    expect(await lockOut.lockedFor('10.0.0.1')).toBe(0);
    expect(await fail(lockOut, 2, '10.0.0.1', 'jane')).toBe(MINUTE_MS);
    expect([await lockOut.lockedFor('10.0.0.1'), await lockOut.lockedFor('10.0.0.9', 'jane')]).toEqual([MINUTE_MS, MINUTE_MS]);
    await lockOut.succeeded('jane');
    expect(await lockOut.lockedFor('10.0.0.9', 'jane')).toBe(0);
    expect(said.some(([sentence]) => sentence.includes('by this process alone'))).toBe(true);
    away.disconnect();
  }, 60_000);
});

describe('the rules in Lua and in memory', () => {
  it('come to the same, whatever fails and is forgotten when', async () => {
    const step = fc.record({ afterMs: fc.oneof(fc.nat(500), fc.constantFrom(1000, 5000, 20_000, 100_000)), who: fc.nat(2), forgets: fc.nat(9).map((n) => n === 0) });
    const limits: LockOutLimits = { failures: 3, windowMs: 1000, firstLockMs: 500, longestLockMs: 4000, rememberedMs: 20_000, kept: 100 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        await redis.flushall();
        const memory = new FailureCounter(limits);
        const lockKeys = [keys.lockOut.failures, keys.lockOut.forgotten, keys.lockOut.locked];
        for (const { afterMs, who, forgets } of steps) {
          now += afterMs;
          const mark = `mark-${who}`;
          if (forgets) {
            memory.forget(mark);
            await script('forgetFailures').run(redis, { keys: lockKeys, args: [mark, 0] });
            continue;
          }
          const [beforeMs, nowMs] = (await script('noteFailure').run(redis, {
            keys: lockKeys,
            args: [now, limits.failures, limits.windowMs, limits.firstLockMs, limits.longestLockMs, limits.rememberedMs, limits.kept, mark],
          })) as [number, number];
          expect({ beforeMs, nowMs }).toEqual(memory.note(mark, now));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('networkOf', () => {
  it('takes an IPv4 address as it is, also within IPv6, and the first half of an IPv6 one however it is written', () => {
    expect(['10.0.0.1', '::ffff:10.0.0.1', '::FFFF:10.0.0.1'].map(networkOf)).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1']);
    expect(['2001:db8:1:2::1', '2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2:3:4:5:6%eth0'].map(networkOf)).toEqual(Array.from({ length: 3 }, () => '2001:db8:1:2::/64'));
    expect(['::1', '::', 'fe80::1', '1::', ''].map(networkOf)).toEqual(['0:0:0:0::/64', '0:0:0:0::/64', 'fe80:0:0:0::/64', '1:0:0:0::/64', '']);
    const group = fc.nat(0xffff).map((number) => number.toString(16));
    const half = fc.tuple(group, group, group, group);
    fc.assert(
      fc.property(half, half, half, (network, one, other) => {
        const mapped = network.slice(0, 3).every((part) => part === '0');
        fc.pre(!mapped);
        expect(networkOf([...network, ...one].join(':'))).toBe(`${network.join(':')}::/64`);
        expect(networkOf([...network, ...other].join(':').toUpperCase())).toBe(`${network.join(':')}::/64`);
      }),
    );
    fc.assert(fc.property(fc.ipV6(), (address) => /^[0-9a-f:]+::\/64$|^\d+\.\d+\.\d+\.\d+$/.test(networkOf(address))));
    fc.assert(fc.property(fc.string(), (text) => typeof networkOf(text) === 'string'));
  });
});
