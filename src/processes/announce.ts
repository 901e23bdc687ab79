import path from 'node:path';

import type { Config } from '../config/parseConfig.js';
import type { AnsweringRedis } from './awaitRedis.js';
import { hostOf } from './awaitRedis.js';
import type { RunOptions } from './runProcesses.js';

/** Prints where everything is and what to try next. */
export function announce(config: Config, options: RunOptions, redis: AnsweringRedis): void {
  process.stdout.write(announcement(config, options, redis));
}

export function announcement(config: Config, options: RunOptions, redis: AnsweringRedis): string {
  const runs = (name: RunOptions['services'][number]) => options.services.includes(name);
  const host = config.ANALYTICS_HOST.includes(':') ? `[${config.ANALYTICS_HOST}]` : config.ANALYTICS_HOST;
  const whose = options.redisIsEmbedded === true ? 'started here, ends with this' : 'was running already';
  const rows = [
    runs('broadcasting') ? ['WebSocket', `ws://${host}:${config.ANALYTICS_WS_PORT}`] : [],
    runs('board') ? ['Board', `http://${host}:${config.ANALYTICS_BOARD_PORT}`] : [],
    runs('board') ? ['', 'sign in: paste what this prints:  npm run -s token -- me --role viewer'] : [],
    ['Redis', `${hostOf(config.REDIS_URL)}  (${redis.version}, ${whose})`],
    ['Data folder', path.resolve(config.ANALYTICS_DATA_DIR)],
  ].filter((row) => row.length > 0);
  const next = [
    options.demo
      ? ['See live events as a demo user', 'node examples/watch-events.mjs demo-user-1']
      : ['Send a steady synthetic stream', 'npm start -- --demo   (instead of this one)'],
    ['Replay an access log and check it', 'npm run replay -- FILE'],
    ['A token for a user', 'npm run -s token -- USER'],
    ['A first program', 'examples/track-events.mjs'],
  ];
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
