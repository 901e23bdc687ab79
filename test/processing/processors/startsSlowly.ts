import { setTimeout as sleep } from 'node:timers/promises';

import { SLOW_START_MS } from './slowStart.js';

await sleep(SLOW_START_MS);

export { default } from './misbehave.js';
