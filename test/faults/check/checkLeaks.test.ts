import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { parseConfig } from '../../../src/config/parseConfig.js';
import { LineCounter } from '../scene/LineCounter.js';
import { planted } from '../scene/planted.js';
import { checkLeaks } from './checkLeaks.js';
import { Findings } from './Findings.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'analytics-leaks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function leaksOf(lines = new LineCounter()): string[] {
  const findings = new Findings();
  checkLeaks({ config: parseConfig({ ANALYTICS_DATA_DIR: folder }), redis: { dir: folder }, processes: [{ name: 'worker', lines }] }, findings);
  return [...new Set(findings.of('leaked').map(({ id, what }) => `${id}: ${what}`))];
}

describe('leaked', () => {
  it('is 0 of what holds nothing', () => {
    writeFileSync(join(folder, 'appendonly.aof'), 'visitor Zaunkoenig-Q7');
    expect(leaksOf()).toEqual([]);
  });

  it('counts what stands in a file, in any encoding, also across the pieces that it is read in', () => {
    writeFileSync(join(folder, 'appendonly.aof'), Buffer.concat([Buffer.alloc(16 * 1024 * 1024 - 7), Buffer.from(`${planted.user} 3`)]));
    writeFileSync(join(folder, 'dump.rdb'), Buffer.from(`{"${planted.session}"}`).toString('base64'));
    expect(leaksOf().toSorted()).toEqual([`appendonly.aof: ${planted.user} (clear)`, expect.stringMatching(/^dump\.rdb: visit .* \(base64/)]);
  });

  it('counts what a process writes, also in two parts', () => {
    const lines = new LineCounter();
    const text = `{"level":"error","tags":"${planted.tag} 4"}\n`;
    lines.take(text.slice(0, 30));
    lines.take(text.slice(30));
    expect(leaksOf(lines)).toEqual([`worker: it wrote ${planted.tag} (clear)`]);
  });
});
