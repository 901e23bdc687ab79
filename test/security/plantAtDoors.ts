import { WebSocket } from 'ws';

import { canaries } from './canaries.js';
import type { LeakScene } from './LeakScene.js';

/** What came back over the doors: from the board to whoever asked, from sockets to whoever is not the events' user. */
export interface DoorsTold {
  readonly pages: readonly Buffer[];
  readonly frames: readonly Buffer[];
}

const json = { 'Content-Type': 'application/json' };
const PAGES = ['/', '/api/stats', '/api/history', '/dead-letters', '/api/dead-letters', '/api/dead-letters/counts', '/queues', '/health/live', '/health/ready', '/metrics', '/sign-in'];

/** Canaries in whatever the board reads of a request, from strangers and from people with a session; every page afterwards. */
export async function plantAtBoard(scene: LeakScene, jobIds: readonly string[]): Promise<{ readonly pages: Buffer[]; readonly statuses: Record<string, number> }> {
  const pages: Buffer[] = [];
  const statuses: Record<string, number> = {};
  const ask = async (name: string, method: string, path: string, given: { headers?: Record<string, string>; body?: string | URLSearchParams } = {}): Promise<Response> => {
    const response = await fetch(scene.boardUrl + path, {
      method,
      redirect: 'manual',
      headers: { Origin: scene.boardUrl, 'User-Agent': canaries.boardHeader, Referer: `https://${canaries.boardHeader}.example/`, ...given.headers },
      ...(given.body !== undefined && { body: given.body }),
    });
    // The cookie is for the one who signs in, and holds nothing of anybody.
    const headers = [...response.headers].filter(([header]) => header !== 'set-cookie');
    pages.push(Buffer.from(`${JSON.stringify(headers)}\n${await response.text()}`));
    statuses[name] = response.status;
    return response;
  };
  const signIn = async (name: string, token: string): Promise<Response> => ask(name, 'POST', '/sign-in', { body: new URLSearchParams({ token }) });
  const own = (await signIn('signed in', await scene.token(canaries.tokenSubject, ['admin']))).headers.get('set-cookie')?.split(';')[0] ?? '';
  await signIn('no token', canaries.signInText);
  await signIn('no role', await scene.token(canaries.strangerSubject));
  await ask('bearer', 'GET', '/metrics', { headers: { Authorization: `Bearer ${canaries.signInText}` } });
  await ask('unknown cookie', 'GET', `/${canaries.boardPath}?q=${canaries.boardQuery}`, { headers: { Cookie: `__Host-session=${canaries.boardHeader}` } });

  const headers = { Cookie: own };
  await ask('unknown page', 'GET', `/${canaries.boardPath}?q=${canaries.boardQuery}`, { headers });
  await ask('unknown job', 'GET', `/queues/api/queues/events/${canaries.boardPath}?q=${canaries.boardQuery}`, { headers });
  await ask('unknown queue', 'PUT', `/queues/api/queues/${canaries.boardPath}/${canaries.boardQuery}/retry`, { headers: { ...headers, ...json }, body: '{}' });
  await ask('bad filter', 'GET', `/api/dead-letters?queue=${canaries.boardQuery}&${canaries.boardQuery}=1`, { headers });
  await ask('bad path', 'GET', `/%E0%A4%A/${canaries.boardPath}`, { headers });
  await ask('no json', 'POST', '/api/dead-letters/retry', { headers: { ...headers, ...json }, body: `{"${canaries.boardBody}` });
  await ask('bad body', 'POST', '/api/dead-letters/drop', { headers: { ...headers, ...json }, body: JSON.stringify({ selection: [canaries.boardBody], [canaries.boardBody]: 1, reason: 7 }) });
  await ask('dropped', 'POST', '/api/dead-letters/drop', { headers: { ...headers, ...json }, body: JSON.stringify({ selection: [jobIds[0]], reason: canaries.dropReason }) });
  await ask('foreign', 'POST', '/api/dead-letters/drop', { headers: { ...headers, ...json, Origin: `https://${canaries.boardHeader}.example` }, body: '{}' });

  for (const path of PAGES) await ask(path, 'GET', path, { headers });
  await ask('figures', 'GET', '/metrics', { headers: { Authorization: `Bearer ${await scene.token('prometheus', ['viewer'])}` } });
  for (const id of jobIds.slice(1)) for (const queue of ['events', 'metrics']) await ask(`job in ${queue}`, 'GET', `/queues/api/queues/${queue}/${id}`, { headers });
  for (const status of ['failed', 'completed', 'latest']) await ask(status, 'GET', `/queues/api/queues?activeQueue=events&status=${status}`, { headers });
  return { pages, statuses };
}

/** Somebody else who is signed in rightly, and people who are not and say all sorts of things. */
export async function plantAtSockets(scene: LeakScene): Promise<{ readonly frames: Buffer[]; readonly codes: number[]; close(): void }> {
  const frames: Buffer[] = [];
  const open = async (url: string, headers: Record<string, string> = {}): Promise<WebSocket> => {
    const ws = new WebSocket(url, { headers });
    ws.on('message', (data: Buffer) => frames.push(data)); // the default binary type
    ws.on('close', (code, reason) => frames.push(Buffer.from(`${code} `), reason));
    ws.on('error', () => undefined);
    await new Promise((resolve) => {
      ws.once('open', resolve).once('close', resolve);
    });
    return ws;
  };
  const neighbour = await open(scene.socketUrl);
  neighbour.send(JSON.stringify({ type: 'authenticate', userId: 'neighbour', token: await scene.token('neighbour') }));
  const codes = await Promise.all(
    [
      JSON.stringify({ type: 'authenticate', userId: canaries.otherUserId, token: await scene.token(canaries.userId) }),
      JSON.stringify({ type: 'authenticate', userId: canaries.userId, token: canaries.signInText }),
      JSON.stringify({ type: 'authenticate', userId: canaries.userId }),
      JSON.stringify({ type: canaries.socketText, [canaries.socketText]: canaries.eventValue }),
      `{"type":"${canaries.socketText}"`,
      canaries.socketText.repeat(5000),
    ].map(async (text) => {
      const ws = await open(`${scene.socketUrl}/${canaries.socketText}?token=${canaries.socketText}`, { Cookie: canaries.socketText, 'User-Agent': canaries.socketText });
      const closed = new Promise<number>((resolve) => {
        ws.once('close', resolve);
      });
      ws.send(text);
      return closed;
    }),
  );
  return { frames, codes, close: () => neighbour.terminate() };
}
