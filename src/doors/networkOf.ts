import { isIPv4, isIPv6 } from 'node:net';

/** Groups of an IPv6 address that one customer of a network gets as a whole: /64. */
const GROUPS = 4;

/**
 * What is counted as one origin: an IPv4 address; of IPv6 the first 64 bits, since who has one address there has all of these.
 * Anything else is counted as it is.
 */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  if (!isIPv6(bare)) return bare;
  // As URLs have it: in groups of hexadecimal digits alone.
  const [head = '', tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const left = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: left }, () => '0'), ...after].slice(0, GROUPS);
  return `${groups.join(':')}::/64`;
}
