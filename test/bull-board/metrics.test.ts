import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { redisSource } from '../../src/audit/chain/ChainSource.js';
import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import { emptyReport, writeMergeStatus } from '../../src/merging/mergeStatus.js';
import { writeStoreFigures } from '../../src/merging/storeFigures.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { CANARY, plantCanaries, startBoardFixture, type BoardFixture } from './boardFixture.js';

let server: TestRedis;
let fixture: BoardFixture;

beforeAll(async () => {
  server = await startRedis();
  fixture = await startBoardFixture(server.url);
});
afterAll(async () => {
  await fixture.close();
  await server.stop();
});

const ask = async (authorization?: string): Promise<Response> =>
  fixture.ask('GET', '/metrics', authorization === undefined ? {} : { headers: { Authorization: authorization } });

/** The lines that are figures: each of the form that Prometheus reads. */
async function figures(): Promise<Map<string, number>> {
  const response = await ask(`Bearer ${await fixture.token('viewer')}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  expect(text).not.toContain(CANARY);
  expect(text.endsWith('\n')).toBe(true);
  const found = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    if (/^# (HELP|TYPE) analytics_[a-z_]+ \S/.test(line)) continue;
    expect(line).toMatch(/^analytics_[a-z_]+(\{[a-z_]+="[a-z_]+"(,[a-z_]+="[a-z_]+")*\})? -?\d+(\.\d+)?(e[+-]\d+)?$/);
    found.set(line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return found;
}

describe('/metrics', () => {
  it('gives the figures that the documentation names, and nothing of what jobs hold', async () => {
    await plantCanaries(fixture);
    const now = Date.now();
    const series = { series: 2, rows: 40, smallChunks: 3, mergedChunks: 1, bytes: 4000 };
    await writeMergeStatus(fixture.redis, fixture.keys, { finishedAt: now, durationMs: 70, report: emptyReport() });
    await writeStoreFigures(fixture.redis, fixture.keys, { at: now, events: { ...series, feedBytes: 900 }, metrics: { ...series, bytes: null, overflow: 5 } });
    let found = await figures();
    // They are read twice a second at most.
    for (const end = now + 10_000; !found.has('analytics_feed_bytes') && Date.now() < end; found = await figures());
    expect(Object.fromEntries(found)).toMatchObject({
      'analytics_queue_jobs{queue="events",state="failed"}': 1,
      'analytics_oldest_dead_letter_timestamp_seconds{queue="events"}': expect.any(Number),
      'analytics_store_rows{kind="events"}': 40,
      'analytics_store_small_chunks{kind="metrics"}': 3,
      'analytics_store_bytes{kind="events"}': 4000,
      analytics_series_overflow_samples_total: 5,
      'analytics_last_duration_seconds{job="merge"}': 0.07,
      'analytics_worker_status{state="absent"}': 1,
      analytics_redis_up: 1,
    });
    // Not known is not 0.
    expect(found.has('analytics_store_bytes{kind="metrics"}')).toBe(false);
    expect(found.has('analytics_last_finished_timestamp_seconds{job="cleanup"}')).toBe(false);
    const page = readFileSync('docs/monitoring.md', 'utf8').replaceAll(/`(_[a-z_]+)`/g, '`analytics_store$1`');
    for (const name of found.keys()) expect(page).toContain(`\`${name.split('{')[0]}\``);
  });

  it('refuses whoever has no token of the board, and whoever tries many', async () => {
    const none = await ask();
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    // A session of the board is for pages.
    expect((await fixture.ask('GET', '/metrics', { cookie: await fixture.signIn('viewer') })).status).toBe(401);
    expect((await ask('Basic abc')).status).toBe(401);
    expect((await ask(`Bearer ${await fixture.token('')}`)).status).toBe(403);
    expect((await ask(`Bearer ${await fixture.token('viewer', -60)}`)).status).toBe(401);
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await ask('Bearer guessed')).status).toBe(401);
    const limited = await ask(`Bearer ${await fixture.token('viewer')}`);
    expect([limited.status, Number(limited.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(await limited.json()).toMatchObject({ error: { code: 'TOO_MANY_REQUESTS' } });
    // Each try with a token is recorded; a scrape is not.
    const reader = new AuditReader({ source: redisSource(fixture.redis, fixture.keys.audit), secrets: fixture.keyRing.reading!.audit, folders: [] });
    const { records } = await reader.list({ operation: 'stats.read' });
    expect(records.map(({ actor, outcome, reason }) => `${actor.subject} ${outcome} ${reason}`)).toEqual([
      'somebody denied noRole',
      ...Array.from({ length: 3 }, () => 'unknown denied badToken'),
      'unknown denied locked out: address, 60 s',
      'unknown denied badToken',
    ]);
    // People still get in.
    expect(await fixture.signIn('viewer')).toMatch(/=/);
  });
});
