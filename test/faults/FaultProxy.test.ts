import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { until } from '../support/program.js';
import { FaultProxy } from './FaultProxy.js';

/** A server that answers each piece with `<piece>`, and remembers what it was sent. */
interface Echo {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  heard: string;
}

describe('FaultProxy', () => {
  let echo: Echo;
  let proxy: FaultProxy;
  const clients: Client[] = [];

  interface Client {
    readonly socket: Socket;
    got: string;
    closed: boolean;
    error?: string;
  }

  const open = async (localAddress = '127.0.0.1'): Promise<Client> => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', localAddress });
    const client: Client = { socket, got: '', closed: false };
    clients.push(client);
    socket.on('data', (data) => (client.got += data.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => (client.error = error.code ?? 'other'));
    socket.on('close', () => (client.closed = true));
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined); // it may be refused
    return client;
  };

  beforeEach(async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        echo.heard += data.toString();
        socket.write(`<${data.toString()}>`);
      });
    });
    echo = { server, sockets, heard: '' };
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await FaultProxy.listen((server.address() as AddressInfo).port);
  });

  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await proxy.close();
    for (const socket of echo.sockets) socket.destroy();
    echo.server.close();
  });

  test('lets everything pass, in order and both ways', async () => {
    const client = await open();
    const text = 'x'.repeat(300_000);
    client.socket.write(text);
    expect(await until(() => client.got.replaceAll(/[<>]/g, '').length === text.length)).toBe(true);
    expect(echo.heard).toBe(text);
    expect(proxy.connections).toBe(1);
  });

  test('delays each direction by itself', async () => {
    const client = await open();
    proxy.set({ toClient: { delayMs: 300, jitterMs: 20 } });
    const startedAt = performance.now();
    client.socket.write('a');
    expect(await until(() => echo.heard === 'a')).toBe(true);
    const heardAfter = performance.now() - startedAt;
    expect(await until(() => client.got === '<a>')).toBe(true);
    const gotAfter = performance.now() - startedAt;
    expect(gotAfter).toBeGreaterThanOrEqual(299);
    expect(gotAfter - heardAfter).toBeGreaterThan(100);
  });

  test('holds bytes back without closing, and lets them pass when it is healed', async () => {
    const client = await open();
    proxy.set({ toServer: { isHeld: true }, toClient: { isHeld: true } });
    client.socket.write('a');
    const late = await open(); // a new connection is accepted, and nothing comes through
    late.socket.write('b');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([echo.heard, client.got, client.closed, late.got]).toEqual(['', '', false, '']);
    proxy.heal();
    expect(await until(() => client.got === '<a>' && late.got === '<b>')).toBe(true);
  });

  test('strikes those of one address alone, and lets the others pass', async () => {
    const near = await open();
    const elsewhere = await open('127.0.0.2');
    proxy.set({ toServer: { isHeld: true }, from: '127.0.0.2' });
    elsewhere.socket.write('a');
    near.socket.write('b');
    expect(await until(() => near.got === '<b>')).toBe(true);
    expect(echo.heard).toBe('b');
    proxy.heal();
    expect(await until(() => elsewhere.got === '<a>')).toBe(true);
  });

  test('cuts after so many bytes', async () => {
    const client = await open();
    proxy.set({ toServer: { cutAfterBytes: 5 } });
    client.socket.write('abcdefgh');
    expect(await until(() => client.closed)).toBe(true);
    expect(await until(() => echo.heard !== '')).toBe(true);
    expect(echo.heard).toBe('abcde');
  });

  test('resets open connections, and new ones while it refuses', async () => {
    const client = await open();
    client.socket.write('a');
    await until(() => client.got === '<a>');
    proxy.reset();
    expect(await until(() => client.closed)).toBe(true);
    expect(client.error).toBe('ECONNRESET');
    proxy.set({ isRefusing: true });
    const refused = await open();
    expect(await until(() => refused.closed)).toBe(true);
    proxy.heal();
    const healed = await open();
    healed.socket.write('b');
    expect(await until(() => healed.got === '<b>')).toBe(true);
  });

  test('passes no more bytes a second than it is told', async () => {
    const client = await open();
    proxy.set({ toServer: { bytesPerSecond: 5000 } });
    const startedAt = performance.now();
    client.socket.write('x'.repeat(2000));
    expect(await until(() => echo.heard.length === 2000)).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThan(300);
  });

  test('loses a reply after the request was carried out, of the wanted requests only', async () => {
    const client = await open();
    proxy.loseReplies(1, (request) => request.includes('commit'));
    client.socket.write('ping');
    expect(await until(() => client.got === '<ping>')).toBe(true);
    client.socket.write('commit');
    expect(await until(() => client.closed)).toBe(true);
    expect([echo.heard, client.got, proxy.repliesLost]).toEqual(['pingcommit', '<ping>', 1]);
    const again = await open();
    again.socket.write('commit');
    expect(await until(() => again.got === '<commit>')).toBe(true);
  });
});
