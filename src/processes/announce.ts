import path from 'node:path';

import type { Config } from '../config/parseConfig.js';
import { nameOfPlace } from '../config/redisPlace.js';
import type { AnsweringRedis } from './awaitRedis.js';
import type { RunOptions } from './runProcesses.js';

/** Prints where everything is and what to try next. */
export function announce(config: Config, options: RunOptions, redis: AnsweringRedis): void {
  process.stdout.write(announcement(config, options, redis));
}

export function announcement(config: Config, options: RunOptions, redis: AnsweringRedis): string {
  const runs = (name: RunOptions['services'][number]) => options.services.includes(name);
  const host = config.ANALYTICS_HOST.includes(':') ? `[${config.ANALYTICS_HOST}]` : config.ANALYTICS_HOST;
  const tls = config.ANALYTICS_TLS_CERT_FILE === undefined ? '' : 's';
  const whose = options.redisIsEmbedded === true ? 'started here, ends with this' : 'was running already';
  const rows = [
    runs('broadcasting') ? ['WebSocket', `ws${tls}://${host}:${config.ANALYTICS_WS_PORT}`] : [],
    runs('board') ? ['Board', `http${tls}://${host}:${config.ANALYTICS_BOARD_PORT}`] : [],
    runs('board') ? ['', 'sign in: paste what this prints:  npm run -s token -- me --role viewer'] : [],
    runs('http') ? ['API', `http${tls}://${host}:${config.ANALYTICS_HTTP_PORT}/v1   (docs/http-api.md)`] : [],
    ['Redis', `${nameOfPlace(config)}  (${redis.version}, ${whose})`],
    ['Data folder', path.resolve(config.ANALYTICS_DATA_DIR)],
  ].filter((row) => row.length > 0);
  const next = [
    options.demo ? [] : ['Send a steady synthetic stream', 'npm start -- --demo   (instead of this one)'],
    ['A first program', 'npx tsx examples/02-track-events.ts'],
    options.demo
      ? ['Live events of a demo user', 'npx tsx examples/07-websocket-token.ts demo-user-1 $(npm run -s token -- demo-user-1)']
      : ['Live events at a WebSocket', 'npx tsx examples/06-websocket.ts'],
    ['Replay an access log and check it', 'npm run replay -- FILE'],
    ['A token for a user', 'npm run -s token -- USER'],
  ].filter((row) => row.length > 0);
  return [
    '',
    'Analytics is running.',
    '',
    ...rows.map(([name = '', value = '']) => `  ${name.padEnd(12)} ${value}`),
    '',
    'Try next, in another terminal:',
    ...next.map(([what = '', command = '']) => `  ${what.padEnd(34)} ${command}`),
    '',
    'Ctrl-C ends it.',
    '',
    '',
  ].join('\n');
}
