import { describe, expect, it } from '@jest/globals';
import express from 'express';
import fc from 'fast-check';

import { clientAddress } from '../../src/doors/clientAddress.js';

const from = (peer: string | undefined, said?: string | string[]) => ({ headers: said === undefined ? {} : { 'x-forwarded-for': said as string }, socket: { remoteAddress: peer } as never }); // nothing else of it is read

describe('clientAddress', () => {
  it('is the connection’s where no proxy is believed, whatever is said', () => {
    fc.assert(fc.property(fc.ipV4(), fc.string(), (peer, said) => clientAddress()(from(peer, said)) === peer));
    expect([clientAddress()(from('::ffff:10.0.0.1')), clientAddress()(from('fe80::1%eth0')), clientAddress()(from(undefined))]).toEqual(['10.0.0.1', 'fe80::1', '']);
  });

  it('is what the proxies say, of which the nearest that is not believed counts', () => {
    const addressOf = clientAddress(['10.0.0.0/8', '2001:db8::7']);
    expect(addressOf(from('10.0.0.1', '203.0.113.9'))).toBe('203.0.113.9');
    expect(addressOf(from('10.0.0.1', '198.51.100.1, 203.0.113.9, 10.9.9.9'))).toBe('203.0.113.9');
    expect(addressOf(from('2001:db8::7', ['198.51.100.1', '203.0.113.9']))).toBe('203.0.113.9');
    expect(addressOf(from('192.0.2.1', '203.0.113.9'))).toBe('192.0.2.1');
    // Of a list empty elements count for nothing (RFC 9110, 5.6.1).
    expect(addressOf(from('10.0.0.1', '203.0.113.9, '))).toBe('203.0.113.9');
    for (const said of ['', ',', 'unknown', '203.0.113.9:80', '<script>', '_hidden', '::ffff:300.1.1.1']) expect([said, addressOf(from('10.0.0.1', said))]).toEqual([said, '10.0.0.1']);
  });

  it('is the one that the API finds, for all proxies and whatever is said', () => {
    const address = fc.oneof(
      fc.ipV4(), fc.ipV6(), fc.constantFrom('127.0.0.1', '127.9.9.9', '::1', '10.1.2.3', '172.16.0.1', '172.32.0.1', '192.168.3.4', '169.254.1.1', 'fe80::9', 'fd00::1', '2001:db8::1'),
    );
    const proxy = fc.oneof(fc.constantFrom('loopback', 'linklocal', 'uniquelocal', '2001:db8::/32', '10.0.0.0/8', '0.0.0.0/1', 'fe80::/9'), fc.ipV4());
    fc.assert(
      fc.property(fc.uniqueArray(proxy, { maxLength: 4 }), address, fc.array(address, { maxLength: 4 }), (proxies, peer, said) => {
        const isTrusted = express().set('trust proxy', proxies).get('trust proxy fn') as (address: string, hop: number) => boolean;
        let wanted = peer;
        for (const [hop, before] of [...said].reverse().entries()) {
          if (!isTrusted(wanted, hop)) break;
          wanted = before;
        }
        expect(clientAddress(proxies)(from(peer, said.length === 0 ? undefined : said.join(', ')))).toBe(wanted.replace(/^::ffff:(?=\d+\.)/, ''));
      }),
      { numRuns: 500 },
    );
  });
});
