import { existsSync } from 'node:fs';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';

import { newBatchId } from '../../src/codec/batchId.js';
import { EventPriority } from '../../src/contract/EventPriority.js';
import { EventBatch } from '../../src/producer/EventBatch.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { CANARY, startBoardFixture, type BoardFixture } from './boardFixture.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let server: TestRedis;
let fixture: BoardFixture;
let cookies: Record<'viewer' | 'operator' | 'admin', string>;
beforeAll(async () => {
  server = await startRedis();
  fixture = await startBoardFixture(server.url);
  const [viewer, operator, admin] = (await Promise.all(['viewer', 'operator', 'admin'].map(async (role) => fixture.signIn(role)))) as [string, string, string]; // one for each
  cookies = { viewer, operator, admin };
});
beforeEach(async () => {
  await server.restart();
});
afterAll(async () => {
  await fixture.close();
  await server.stop();
});

/** Leaves a batch there as a worker does that gave it up. @returns its job's id */
async function giveUp(failedAt: number, { reason = 'KEY_MISMATCH: x', priority = 100, id }: { reason?: string; priority?: number; id?: string } = {}): Promise<string> {
  const { keyRing, queues, redis } = fixture;
  const batch = new EventBatch(EventPriority.NORMAL, failedAt);
  const timestamp = Date.now();
  batch.add({ id: undefined, type: 'custom', priority: EventPriority.NORMAL, userId: undefined, sessionId: undefined, timestamp, propertiesJson: JSON.stringify({ note: CANARY }), metadataJson: undefined, bytes: 40 });
  await keyRing.transport.prepare();
  const { sealedKey, ciphertext } = keyRing.transport.seal(batch.id, 'events', 1, batch.encode());
  const data = { v: 1, to: keyRing.publicId, key: sealedKey.toString('base64'), n: 1, c: ciphertext.toString('base64') };
  const jobId = id ?? batch.id;
  await redis.hset(queues.events.toKey(jobId), { name: 'batch', data: JSON.stringify(data), opts: '{}', timestamp: failedAt, delay: 0, priority, atm: 8, ats: 9, failedReason: reason, finishedOn: failedAt });
  await redis.zadd(queues.events.toKey('failed'), failedAt, jobId);
  return jobId;
}

const json = { 'Content-Type': 'application/json' };
const post = async (path: string, role: keyof typeof cookies, body: unknown, headers: Record<string, string> = {}) =>
  fixture.ask('POST', `/api/dead-letters${path}`, { cookie: cookies[role], headers: { ...json, ...headers }, body: JSON.stringify(body) });
const get = async (path: string, role: keyof typeof cookies = 'viewer') => fixture.ask('GET', `/api/dead-letters${path}`, { cookie: cookies[role] });

describe('dead letters on the board', () => {
  it('are listed and counted for every role, without what is in them', async () => {
    const id = await giveUp(1000);
    await giveUp(2000, { id: CANARY, reason: CANARY });
    const text = await (await get('')).text();
    expect(JSON.parse(text)).toEqual({
      role: 'viewer',
      deadLetters: [expect.objectContaining({ id: '(unknown)', reason: 'FAILED' }), expect.objectContaining({ id, reason: 'KEY_MISMATCH', events: 1, priority: 100 })],
    });
    expect(text).not.toContain(CANARY);
    const { deadLetters } = (await (await get('?reason=KEY_MISMATCH&queue=events&cursor=')).json()) as { deadLetters: unknown[] };
    expect(deadLetters).toHaveLength(1);
    const counts = await (await get('/counts')).text();
    expect(JSON.parse(counts)).toMatchObject({ total: 2, counted: 2 });
    expect(counts).not.toContain(CANARY);
    for (const query of ['?limit=5', '?queue=x', '?queue=events&queue=metrics', '?cursor=x', '?reason=%00']) expect((await get(query)).status).toBe(400);
  });

  it('are decided about by operators and admins, opened by admins, and from this site only', async () => {
    const id = await giveUp(1000);
    const other = { Origin: 'https://evil.example' };
    const tries: [string, object, number, number, number][] = [
      ['/open', { id }, 403, 403, 200],
      ['/retry', { selection: newBatchId(1) }, 403, 404, 404],
      ['/drop', { selection: newBatchId(1), reason: 'x' }, 403, 404, 404],
    ];
    for (const [path, body, ...wanted] of tries) {
      const found = [];
      for (const role of ['viewer', 'operator', 'admin'] as const) {
        const response = await post(path, role, body);
        const text = await response.text();
        found.push(response.status);
        expect(text.includes(CANARY)).toBe(response.status === 200);
        expect((await post(path, role, body, other)).status).toBe(403);
      }
      expect([path, ...found]).toEqual([path, ...wanted]);
      expect((await fixture.ask('POST', `/api/dead-letters${path}`, { headers: json, body: '{}' })).status).toBe(401);
    }
    expect(await fixture.queues.events.getJobCounts('failed')).toEqual({ failed: 1 });
  });

  it('refuse a body that is something else, with a code and nothing more', async () => {
    await giveUp(1000);
    for (const [path, body] of [
      ['/retry', {}], ['/retry', []], ['/retry', { selection: {} }], ['/retry', { selection: { all: true, id: 'x' } }], ['/drop', { selection: { all: true } }],
      ['/drop', { selection: { all: true }, reason: '' }], ['/drop', { selection: { all: true }, reason: 7 }], ['/open', {}], ['/open', { id: [CANARY] }],
    ] as const) {
      const response = await post(path, 'admin', body);
      expect([path, body, response.status]).toEqual([path, body, 400]);
      expect(await response.json()).toEqual({ error: { code: 'BAD_REQUEST', requestId: expect.any(String) } });
    }
    expect(await fixture.queues.events.getJobCounts('failed')).toEqual({ failed: 1 });
  });

  it('say by a code why one does not open', async () => {
    const id = await giveUp(1000);
    await fixture.redis.hset(fixture.queues.events.toKey(id), 'data', JSON.stringify({ v: 1, note: CANARY }));
    const response = await post('/open', 'admin', { id });
    expect([response.status, await response.json()]).toEqual([409, { error: { code: 'STORE_INCONSISTENT', requestId: expect.any(String) } }]);
  });

  it('keep their priority and regain their attempts by Bull Board’s button too', async () => {
    const id = await giveUp(1000, { priority: 1000 });
    await giveUp(2000, { priority: 1 });
    const response = await fixture.ask('PUT', '/queues/api/queues/events/retry/failed', { cookie: cookies.operator, headers: json, body: '{}' });
    expect([response.status, await response.json()]).toEqual([200, { retried: 2, skipped: 0 }]);
    expect(await fixture.queues.events.getJob(id)).toMatchObject({ attemptsMade: 0, attemptsStarted: 0, priority: 1000 });
    expect((await fixture.queues.events.getPrioritized()).map(({ priority }) => priority)).toEqual([1, 1000]);
  });
});

// A browser is no requirement of the tests: without one this is left out.
(executablePath === undefined ? describe.skip : describe)('the page', () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args });
    page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(fixture.url)) complaints.push(`asked ${request.url()}`);
    });
  });
  afterAll(async () => browser.close());

  it('lets an admin find, open, retry and drop them', async () => {
    const now = Date.now();
    const [first] = [await giveUp(now - 86_400_000, { priority: 1000 }), await giveUp(now - 60_000), await giveUp(now - 5000, { reason: 'SEAL_BROKEN: x', priority: 1 })];
    await page.goto(fixture.url);
    await page.fill('#token', await fixture.token('admin'));
    await page.click('button[type=submit]');
    await page.waitForSelector('#letters a:text("SEAL_BROKEN")');
    expect(await page.textContent('#letters')).toContain('KEY_MISMATCH');
    await shoot('console');
    await page.click('#letters a:text("SEAL_BROKEN")');
    await page.waitForURL(/\/dead-letters\?queue=events&reason=SEAL_BROKEN/);
    await page.waitForSelector('#letters tbody td.id');
    expect(await page.locator('#letters tbody tr').count()).toBe(1);

    await page.click('#filters a');
    await page.waitForSelector('#letters tbody tr:nth-child(3) td.id');
    expect(await page.content()).not.toContain(CANARY);
    await shoot('list');
    await page.click('#letters tbody tr:nth-child(2) button');
    await page.waitForSelector('#open-dialog[open]');
    expect(await page.textContent('#contents')).toContain(CANARY);
    await shoot('open');
    await page.click('#open-dialog button');

    await page.check('#letters tbody tr:nth-child(3) input');
    await page.click('#retry');
    await page.waitForSelector('text=1 retried.');
    expect(await fixture.queues.events.getJob(first)).toMatchObject({ attemptsMade: 0, priority: 1000 });
    await page.click('#drop-all');
    await page.waitForSelector('#drop-dialog[open]');
    await shoot('drop');
    await page.fill('#why', 'sealed to a key that is lost');
    await page.click('#drop-dialog button.danger');
    await page.waitForSelector('text=2 dropped.');
    expect(await fixture.queues.events.getJobCounts('failed', 'prioritized')).toEqual({ failed: 0, prioritized: 1 });
    expect(await fixture.redis.xlen(fixture.keys.droppedDeadLetters)).toBe(2);
    expect(complaints).toEqual([]);
  });

  /** For looking at: `BOARD_SHOTS=/some/folder` keeps pictures of it, light and dark. */
  async function shoot(name: string): Promise<void> {
    const folder = process.env['BOARD_SHOTS'];
    if (folder === undefined) return;
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` });
    }
  }
});
