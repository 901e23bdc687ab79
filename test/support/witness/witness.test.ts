import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';

import { Redis } from 'ioredis';

import { clearForms } from '../clearForms.js';
import { runProgram } from '../program.js';
import { startRedis, type TestRedis } from '../redis.js';
import type { Note } from './tally.js';
import { witnessed } from './people.js';
import { witness } from './witness.js';

interface ReporterOfRun {
  onRunStart(): void;
  onRunComplete(contexts: readonly object[], results: object): void;
  getLastError(): Error | undefined;
}

const FOLDER = 'ANALYTICS_TEST_WITNESS';
const texts = Object.fromEntries(witnessed);
const note = texts['note']!;

// What is planted here is not to fail the run: these tests have notes of their own.
let folder: string;
let runs: string | undefined;
let server: TestRedis;
let redis: Redis;
beforeEach(async () => {
  runs = process.env[FOLDER];
  folder = mkdtempSync(join(tmpdir(), 'analytics-witness-test-'));
  process.env[FOLDER] = folder;
  await open();
});
afterEach(async () => {
  redis.disconnect();
  await server.stop().catch(() => undefined);
  rmSync(folder, { recursive: true, force: true });
  if (runs === undefined) delete process.env[FOLDER];
  else process.env[FOLDER] = runs;
});

async function open(args: readonly string[] = []): Promise<void> {
  await server?.stop().catch(() => undefined);
  redis?.disconnect();
  server = await startRedis({ args });
  redis = new Redis(server.url, { retryStrategy: () => null });
  redis.on('error', () => undefined);
}

async function said(work: Promise<void>): Promise<string> {
  const message = await work.then(() => '', (error: Error) => error.message);
  for (const [, text] of witnessed) expect(message).not.toContain(text);
  return message;
}

function notes(): Note[] {
  return readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Note));
}

/** Through a program of its own, whose sockets the witness does not hear. */
async function plantFromElsewhere(command: readonly string[]): Promise<void> {
  const program = `
    import { connect } from 'node:net';
    const socket = connect(${server.port}, '127.0.0.1', () => process.stdin.pipe(socket));
    socket.resume();`;
  const parts = command.map((text) => `$${Buffer.from(text, 'latin1').length}\r\n${text}\r\n`).join('');
  expect(await runProgram(['--input-type=module', '-e', program], {}, Buffer.from(`*${command.length}\r\n${parts}`, 'latin1')).ended()).toBe(0);
}

describe('a Redis server of a test is not stopped in silence', () => {
  it('that holds anybody in any form, whichever', async () => {
    const all = witnessed.flatMap(([, text]) => clearForms(text));
    await redis.mset(all.flatMap(({ bytes }, place) => [`planted:${place}`, Buffer.concat([Buffer.from('x'), bytes])]));
    const forms = new Map(witnessed.map(([name, text]) => [name, clearForms(text).length]));
    const places = ['dump.rdb of a Redis server', 'a command that this process sent to Redis'];
    const lines = [...forms].flatMap(([name, count]) => places.map((place) => `people.${name} in ${place}: ${count} forms`));
    const message = (await said(server.stop())).replaceAll(/: .*, .*, .*, .* and (\d+) other forms$/gm, (_, others) => `: ${Number(others) + 4} forms`);
    // Of the strings it takes a few by chance, and what opens in them depends on which.
    const found = message.split('\n').filter((line) => !line.includes('in a string of a Redis server'));
    expect(found.toSorted()).toEqual(['The witness found people of the tests lying open:', ...lines].toSorted());
  });

  it.each([
    ['hash', ['HSET', 'k', 'field', note]],
    ['list', ['RPUSH', 'k', note]],
    ['set', ['SADD', 'k', note]],
    ['zset', ['ZADD', 'k', '1', note]],
    ['stream', ['XADD', 'k', '*', 'field', note]],
    ['name of a key', ['SET', note, '1']],
  ])('that holds somebody in a %s, whoever put it there', async (_what, command) => {
    await plantFromElsewhere(command);
    expect(await said(server.stop())).toBe('The witness found people of the tests lying open:\npeople.note in dump.rdb of a Redis server: clear');
  });

  it.each(['gzipSync', 'deflateSync', 'deflateRawSync', 'brotliCompressSync'] as const)('that holds somebody compressed by %s', async (compress) => {
    await plantFromElsewhere(['HSET', 'k', 'f', zlib[compress](JSON.stringify({ properties: { note } })).toString('latin1')]);
    expect(await said(server.stop())).toContain('people.note in a string of a Redis server: clear');
  });

  it('that was told of somebody and holds nothing any more', async () => {
    await redis.set('job', JSON.stringify({ userId: texts['ada'] }));
    await redis.del('job');
    expect(await said(server.stop())).toBe('The witness found people of the tests lying open:\npeople.ada in a command that this process sent to Redis: clear');
  });

  it('that has somebody in its append-only file, though it was killed', async () => {
    redis.disconnect();
    await open(['--appendonly', 'yes']);
    await plantFromElsewhere(['SET', 'k', texts['ssn']!]);
    await redis.del('k');
    await server.kill();
    expect(await said(server.stop())).toMatch(/people\.ssn in appendonly\.aof\.\d+\.incr\.aof of a Redis server: clear/);
  });

  it('when a program of the test has printed somebody, or was given somebody', async () => {
    await runProgram(['-e', 'console.error(Buffer.from(process.argv[1], "base64").toString())', Buffer.from(texts['email']!).toString('base64')], {}).ended();
    const message = await said(server.stop());
    expect(message).toMatch(/people\.email in what .* wrote: clear/);
    expect(message).toMatch(/people\.email in arguments and environment of .*: base64/);
  });

  it('but only once, and not for what is not there', async () => {
    await redis.set('k', 'ada, ann and bob');
    await server.stop();
    await open();
    await redis.set('k', note);
    expect(await said(server.stop())).not.toBe('');
    await server.stop();
  });
});

describe('what the witness notes', () => {
  it('says where it looked, how much, and where it could not', async () => {
    await redis.set('k', 'x'.repeat(100_000));
    await server.stop();
    await open(['--requirepass', 'secret']);
    await server.stop();
    await open();
    await server.kill();
    await server.stop();
    expect(notes().reduce((total, { started = 0 }) => total + started, 0)).toBe(3);
    expect(notes().filter(({ stopped }) => stopped === 1).map(({ missed }) => missed)).toEqual([undefined, 'NOAUTH', 'it had been killed']);
    for (const kind of ['server', 'wire']) expect(notes().filter(({ searched }) => searched === kind).reduce((total, { bytes = 0 }) => total + bytes, 0)).toBeGreaterThan(100_000);
    expect(notes().every(({ file }) => file.endsWith('witness.test.ts'))).toBe(true);
  });

  it('holds the find as well, for a run in which nobody is left to throw it', async () => {
    await redis.set('k', note);
    await said(server.stop());
    expect(notes().flatMap(({ found = [] }) => found)).toContain('people.note in dump.rdb of a Redis server: clear');
  });
});

describe('the run', () => {
  const end = async (notes: readonly object[], files = 150): Promise<{ readonly error: Error | undefined; readonly said: readonly string[] }> => {
    const said: string[] = [];
    const { default: Reporter } = (await import('./WitnessReporter.mjs' as string)) as { default: new (config: object, options: object) => ReporterOfRun }; // it has no types
    const reporter = new Reporter({ rootDir: '/project' }, { say: (line: string) => said.push(line) });
    reporter.onRunStart();
    writeFileSync(join(process.env[FOLDER]!, '1.jsonl'), notes.map((one) => `${JSON.stringify({ file: '/project/test/a.test.ts', ...one })}\n`).join(''));
    reporter.onRunComplete([], { numTotalTestSuites: files });
    expect(existsSync(process.env[FOLDER]!)).toBe(false);
    return { error: reporter.getLastError(), said };
  };
  const all = [{ planted: true }, { started: 1 }, { searched: 'wire', bytes: 2e6, ms: 10 }, { searched: 'server', bytes: 1e6, ms: 5 }, { stopped: 1, missed: 'NOAUTH' }];

  it('says in one line what was searched, and passes when nothing was found', async () => {
    const { error, said } = await end(all);
    expect(error).toBeUndefined();
    expect(said).toEqual([
      'witness: 1 of 1 Redis servers (1 for their sent commands alone: 1 NOAUTH), 1.0 MB; 2.0 MB sent to them, 0 outputs, 0 files; people in 1 test files; searched in 0.0 s, nothing found',
    ]);
  });

  it('fails for a find, and names the file of the test', async () => {
    const { error, said } = await end([...all, { searched: 'output', bytes: 1, found: ['people.ada in what main.js wrote: hex'] }]);
    expect(error?.message).toContain('1 times');
    expect(said[1]).toBe('witness: test/a.test.ts: people.ada in what main.js wrote: hex');
  });

  it('fails when the witness saw nothing: no byte of a server, or in a whole run no server, or nobody', async () => {
    for (const [notes, files] of [[[{ started: 1 }, { stopped: 1 }], 1], [[], 150], [all.slice(1), 150]] as const) expect((await end(notes, files)).error?.message).toContain('saw nothing');
    expect((await end([], 1)).error).toBeUndefined();
  });
});

it('a folder that holds somebody is removed, and not in silence', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'analytics-witness-folder-'));
  mkdirSync(join(dir, 'spool'));
  writeFileSync(join(dir, 'spool', '1.segment'), Buffer.from(note, 'utf16le'));
  expect(await said(Promise.resolve().then(() => witness.removeFolder(dir)))).toContain('people.note in the file 1.segment: UTF-16LE');
  expect(() => readdirSync(dir)).toThrow('ENOENT');
});
