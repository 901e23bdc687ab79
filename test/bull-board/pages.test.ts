import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

import { startRedis, type TestRedis } from '../support/redis.js';
import { CANARY, plantCanaries, startBoardFixture, type BoardFixture } from './boardFixture.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

// A browser is no requirement of the tests: without one these are left out.
(executablePath === undefined ? describe.skip : describe)('in a browser', () => {
  let server: TestRedis;
  let fixture: BoardFixture;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startRedis();
    fixture = await startBoardFixture(server.url);
    await plantCanaries(fixture);
    browser = await chromium.launch({ executablePath: executablePath!, args });
    page = await browser.newPage();
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(fixture.url)) complaints.push(`asked ${request.url()}`);
    });
  });
  afterAll(async () => {
    await browser.close();
    await fixture.close();
    await server.stop();
  });

  it('somebody signs in, sees live figures and the queues, and signs out, with no request to another host and nothing that the policy blocks', async () => {
    await page.goto(fixture.url);
    expect(page.url()).toBe(`${fixture.url}/sign-in`);
    await page.fill('#token', await fixture.token('viewer'));
    await page.click('button[type=submit]');
    await page.waitForSelector('#banner[data-state=bad]');
    expect(await page.textContent('#banner')).toContain('No worker runs');
    expect(await page.textContent('[data-figure=waiting] .value')).toBe('2');
    expect(await page.textContent('[data-figure=merge] .value')).toBe('never');
    expect(await page.textContent('[data-figure=storedEvents] .note')).toBe('not counted yet');
    await page.waitForSelector('[data-figure=waiting] svg');

    await page.click('#queues a');
    await page.waitForSelector('text=events');
    await page.waitForSelector('text=/batch/');
    expect(await page.content()).not.toContain(CANARY);
    await page.goto(`${fixture.url}/queues/queue/events?status=failed`);
    await page.waitForSelector('text=FAILED');
    expect(await page.content()).not.toContain(CANARY);

    await page.goto(fixture.url);
    await page.click('text=Sign out');
    await page.waitForURL(`${fixture.url}/sign-in`);
    expect(complaints).toEqual([]);
  });
});
