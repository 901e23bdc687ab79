import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

import proxyAddress from 'proxy-addr';

/** Finds where a request came from. */
export type ClientAddress = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/**
 * By the connection, and through proxies that are believed by what each of them says in `X-Forwarded-For`: the last address in
 * it that is no proxy of ours. Anybody can write the ones before. Whatever is said, it is an address.
 * @param proxies as `proxiesSchema` takes them; none: the connection's. The API gives them to express, which asks the same library
 */
export function clientAddress(proxies: readonly string[] = []): ClientAddress {
  const isTrusted = proxyAddress.compile([...proxies]);
  return ({ headers, socket }) => {
    const peer = plain(socket.remoteAddress ?? '');
    const said = [headers['x-forwarded-for'] ?? []].flat().join();
    // It reads nothing else of a request.
    const found = plain(proxyAddress({ headers: { 'x-forwarded-for': said }, socket: { remoteAddress: peer } } as unknown as IncomingMessage, isTrusted) ?? '');
    return isIP(found) === 0 ? peer : found;
  };
}

/** Which interface of this machine it came by is nobody's name, and IPv4 is that within IPv6 too. */
function plain(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}
