import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { AnalyticsService, EventType, LegalHoldError, type ActorOptions, type ErasureReceipt, type ExportRecord } from '../../src/index.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const encryptionKey = randomBytes(32).toString('base64');
let server: TestRedis;
let dataDir: string;
const services: AnalyticsService[] = [];
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'subjects-service-'));
  server = await startRedis();
});
afterEach(async () => {
  await Promise.all(services.splice(0).map(async (service) => service.close({ timeoutMs: 500 })));
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function open(prefix: string): AnalyticsService {
  const service = new AnalyticsService({ redisUrl: server.url, redisPrefix: prefix, encryptionKey, dataDir, deadlineMs: 20_000 });
  services.push(service);
  return service;
}

async function track(service: AnalyticsService): Promise<void> {
  for (const userId of [people.ann, people.bob]) await service.trackEvent({ type: EventType.USER_ACTION, userId, properties: { action: 'open' } });
  await service.processEvents();
  await service.trackEvent({ type: EventType.USER_ACTION, userId: people.ann, properties: { action: 'close' } });
}

async function eventsOf(lines: AsyncIterable<ExportRecord>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) if (line.record === 'event') found.push(`${line.from} ${String(line.event.properties['action'])}`);
  return found.sort();
}

const as = (subject: string, ...roles: ActorOptions['roles']): ActorOptions => ({ subject, roles, purpose: 'subject-request' });

describe('the rights of a person, as a service offers them', () => {
  it('are exercised with stored and waiting events, and end with a receipt', async () => {
    const service = open('rights:');
    await track(service);
    expect(await eventsOf(service.subjects.export(people.ann))).toEqual(['queue close', 'store open']);
    const plan = await service.subjects.erase(people.ann, { mode: 'delete', dryRun: true });
    expect(plan).toMatchObject({ events: 1, queued: 1 });
    await service.subjects.hold(people.ann, { reason: 'case 17' });
    await expect(service.subjects.erase(people.ann, { mode: 'delete' })).rejects.toBeInstanceOf(LegalHoldError);
    await service.subjects.release(people.ann, { reason: 'closed' });
    const receipt = await service.subjects.erase(people.ann, { mode: 'delete', plan: plan.token });
    expect(await service.subjects.isGenuine(receipt)).toBe(true);
    await service.processEvents();
    expect(await service.countEvents({ type: EventType.USER_ACTION })).toBe(1);
    expect(await eventsOf(service.subjects.export(people.ann))).toEqual([]);
    // What comes now is new.
    await service.trackEvent({ type: EventType.USER_ACTION, userId: people.ann, properties: { action: 'return' } });
    await service.processEvents();
    expect(await eventsOf(service.subjects.export(people.ann))).toEqual(['store return']);
  });

  it('are decided on by role and person', async () => {
    const service = open('roles:');
    await track(service);
    expect(await eventsOf(service.as(as(people.ann, 'self')).subjects.export(people.ann))).toHaveLength(2);
    for (const actor of [as(people.bob, 'self'), as(people.ann, 'analyst'), as(people.ann, 'operator'), as(people.ann, 'auditor'), as(people.ann, 'ingest')]) {
      await expect(eventsOf(service.as(actor).subjects.export(people.ann))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    for (const actor of [as(people.ann, 'self'), as(people.ann, 'clinician'), as('x', 'operator')]) {
      const { subjects } = service.as(actor);
      await expect(subjects.erase(people.ann, { mode: 'delete' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(subjects.hold(people.ann, { reason: 'x' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(subjects.holds()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    expect((await service.as(as('root', 'admin')).subjects.erase(people.ann, { mode: 'delete' })).content.left.events).toBe(0);
    expect(await service.as(as('eve', 'auditor')).subjects.receipts()).toHaveLength(1);
  });

  it('can be left to whoever goes on with erasures', async () => {
    const service = open('later:');
    await track(service);
    const { id, step } = await service.subjects.startErasure(people.ann, { mode: 'delete' });
    expect(step).toBe('fence');
    expect(await service.subjects.erasures()).toEqual([expect.objectContaining({ id, step: 'fence' })]);
    expect((await service.subjects.resume(id))?.content.id).toBe(id);
    expect(await service.subjects.erasures()).toEqual([]);
  });
});

describe('npm run subjects', () => {
  const run = (prefix: string, input: string, ...args: string[]) => {
    const env = { ...process.env, REDIS_URL: server.url, REDIS_PREFIX: prefix, ANALYTICS_ENCRYPTION_KEY: encryptionKey, ANALYTICS_DATA_DIR: dataDir, ANALYTICS_DEADLINE_MS: '20000', NODE_OPTIONS: '' };
    return spawnSync(process.execPath, ['dist/src/cli/main.js', 'subjects', ...args], { input, env, encoding: 'utf8' });
  };

  it('takes the user from the standard input, and verifies the receipt that it prints', async () => {
    const service = open('command:');
    await track(service);
    const lines = run('command:', `${people.ann}\n`, 'export').stdout.trim().split('\n').map((line) => JSON.parse(line) as ExportRecord);
    expect(lines.map(({ record }) => record)).toEqual(['subject', 'event', 'event', 'end']);
    const erased = run('command:', `${people.ann}\n`, 'erase', '--mode', 'delete');
    expect(erased.stderr).toBe('');
    const receipt = JSON.parse(erased.stdout) as ErasureReceipt;
    expect(receipt.content.left.events).toBe(0);
    expect(run('command:', erased.stdout, 'verify')).toMatchObject({ status: 0, stdout: 'Genuine: issued by this store, and unchanged.\n' });
    const forged = { ...receipt, content: { ...receipt.content, subject: '0000000000000000' } };
    expect(run('command:', JSON.stringify(forged), 'verify')).toMatchObject({ status: 1 });
  }, 120_000);
});
