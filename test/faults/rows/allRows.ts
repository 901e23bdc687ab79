import { deleteLocks, deleteSchedules } from './deleteKeys.js';
import type { FaultRow } from './FaultRow.js';
import { fillMemory } from './fillMemory.js';
import { killBroadcaster, restartBroadcaster } from './killBroadcaster.js';
import { killBusyChild, killIdleChild } from './killChild.js';
import { killProducer } from './killProducer.js';
import { killWorker } from './killWorker.js';
import { networkRows } from './network.js';
import { flushScripts, killClients, killRedis, pauseClients, stopRedis } from './redis.js';
import { rollingRestart } from './rollingRestart.js';
import { skewClock } from './skewClock.js';
import { stopChild } from './stopChild.js';
import { runTwice, stopWorker } from './stopWorker.js';

/** Every fault that `npm run faults` knows. A new one gets a file beside this one, and a line here. */
export const allRows: readonly FaultRow[] = [
  killWorker,
  killBusyChild,
  killIdleChild,
  stopChild,
  stopWorker,
  runTwice,
  killRedis,
  stopRedis,
  pauseClients,
  killClients,
  flushScripts,
  deleteLocks,
  deleteSchedules,
  fillMemory,
  ...networkRows,
  killProducer,
  killBroadcaster,
  restartBroadcaster,
  skewClock,
  rollingRestart,
];
