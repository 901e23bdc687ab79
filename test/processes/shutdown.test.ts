import { describe, expect, it } from '@jest/globals';

import type { Logger } from '../../src/logging/createLogger.js';
import { closeInOrder } from '../../src/processes/closeInOrder.js';
import { parseArguments } from '../../src/processes/parseArguments.js';
import { ShutdownSignal } from '../../src/processes/ShutdownSignal.js';

const quiet: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

describe('closeInOrder', () => {
  it('closes the last started first, each after the one before', async () => {
    const log: string[] = [];
    const role = (name: string) => ({
      name,
      async close() {
        log.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        log.push(`${name} ends`);
      },
    });
    expect(await closeInOrder([role('first'), role('second')], 1000, quiet)).toBe(true);
    expect(log).toEqual(['second begins', 'second ends', 'first begins', 'first ends']);
  });

  it('does not wait for ever for one that hangs, nor stop at one that fails', async () => {
    const closed: string[] = [];
    const roles = [
      { name: 'good', close: async () => void closed.push('good') },
      { name: 'hangs', close: async () => new Promise<void>(() => undefined) },
      { name: 'fails', close: async () => Promise.reject(new Error('no')) },
    ];
    expect(await closeInOrder(roles, 50, quiet)).toBe(false);
    expect(closed).toEqual(['good']);
  });
});

describe('ShutdownSignal', () => {
  it('takes signals that come together as one, and a later one as impatience', async () => {
    let impatient = 0;
    const shutdown = new ShutdownSignal(() => (impatient += 1));
    shutdown.request(0);
    shutdown.request(900);
    await shutdown.requested();
    expect(impatient).toBe(0);
    shutdown.request(1500);
    expect(impatient).toBe(1);
  });
});

describe('parseArguments', () => {
  it('starts the services in their order, whatever order was asked for', () => {
    expect(parseArguments(['--services=scheduling,processing,broadcasting', '--demo'])).toEqual({ services: ['broadcasting', 'processing', 'scheduling'], demo: true, standsBy: false });
  });

  it('names everything that it does not know', () => {
    expect(() => parseArguments(['--services=procesing', '--demmo', 'now'])).toThrow(/demmo[^]*now[^]*procesing/);
    expect(() => parseArguments([])).toThrow(/--services/);
  });
});
