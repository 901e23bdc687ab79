import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** What the names mean in `ANALYTICS_HTTP_PROXIES`; the API gives them to express, which means the same. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.1/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Finds where a request came from. */
export type ClientAddress = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/**
 * By the connection, and through proxies that are believed by what each of them says in `X-Forwarded-For`: the last address in
 * it that is no proxy of ours. Anybody can write the ones before. Whatever is said, it is an address.
 * @param proxies as `proxiesSchema` takes them; none: the connection's
 */
export function clientAddress(proxies: readonly string[] = []): ClientAddress {
  const trusted = new BlockList();
  for (const network of proxies.flatMap((proxy) => NAMED[proxy] ?? [proxy])) {
    const [address = '', bits] = network.split('/');
    const family = familyOf(address);
    trusted.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return ({ headers, socket }) => {
    const peer = plain(socket.remoteAddress ?? '');
    const said = [headers['x-forwarded-for'] ?? []].flat().join(',');
    let address = peer;
    for (const before of said === '' ? [] : said.split(',').reverse()) {
      if (isIP(address) === 0 || !trusted.check(address, familyOf(address))) break;
      address = plain(before.trim());
    }
    return isIP(address) === 0 ? peer : address;
  };
}

/** Which interface of this machine it came by is nobody's name, and IPv4 is that within IPv6 too. */
function plain(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
