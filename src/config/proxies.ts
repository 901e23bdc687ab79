import { isIP } from 'node:net';

import { z } from 'zod';

/** Names that express has for the addresses of a machine and of private networks. */
const NAMES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** `loopback`, addresses and networks (`10.0.0.0/8`), separated by commas: who is believed where a request came from. */
export const proxiesSchema = z
  .string()
  .transform((text) => text.split(',').map((proxy) => proxy.trim()))
  .refine((proxies) => proxies.every(isProxy), 'must be loopback, linklocal, uniquelocal, addresses or networks such as 10.0.0.0/8, separated by commas');

function isProxy(given: string): boolean {
  if (NAMES.has(given)) return true;
  const [address = '', bits, ...more] = given.split('/');
  const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  return most > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= most));
}
