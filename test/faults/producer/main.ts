/** A producer's process: tracks at a steady rate, writes down what it did and what it was answered, and repeats what it was not. */
import { setTimeout as sleep } from 'node:timers/promises';

import { AnalyticsService } from '../../../src/index.js';
import { createRandom } from '../random.js';
import { HistoryWriter } from './HistoryWriter.js';
import { Client } from './Client.js';
import { createEvent } from './createEvent.js';
import { ORDER_VARIABLE, producerOrderSchema, type ProducerCommand, type ProducerReport } from './ProducerOrder.js';
import { historyFile, readUnknown } from './readUnknown.js';

const order = producerOrderSchema.parse(JSON.parse(process.env[ORDER_VARIABLE] ?? ''));
const { name, incarnation, folder, seed, rate, inFlight, retentionMs } = order;
const STEP_MS = 10;
const REPORT_EVERY_MS = 100;

const random = createRandom(seed);
const service = new AnalyticsService({ onError: () => undefined });
const client = new Client(service, new HistoryWriter(historyFile(folder, name, incarnation)), random, Number.parseInt(name, 36) * 1000 + incarnation);
for (const left of await readUnknown(folder, name, incarnation)) client.repeatLater(left);

let isPaused = false;
let isFinishing = false;
process.on('message', (command: ProducerCommand) => {
  isPaused = command === 'pause';
  isFinishing ||= command === 'finish';
});
process.on('disconnect', () => process.exit(0));
setInterval(() => report(false), REPORT_EVERY_MS).unref();

let due = 0;
let made = 0;
for (let before = performance.now(); !(isFinishing && client.isSettled); ) {
  await sleep(STEP_MS);
  const now = performance.now();
  if (!isPaused && !isFinishing) due += ((now - before) / 1000) * rate;
  before = now;
  // No more than five seconds are caught up with: an outage must not end in a flood.
  due = Math.min(due, rate * 5);
  while (due >= 1 && client.underWay < inFlight && !isPaused && !isFinishing) {
    due -= 1;
    made += 1;
    client.track(createEvent(`${name}${incarnation}-${made}`, random, retentionMs));
    if (made % 10 === 0) client.sample();
  }
  client.repeatDue(now, isFinishing ? inFlight : inFlight / 4);
}
await service.close({ timeoutMs: 10_000 });
report(true);
process.disconnect();

function report(isFinished: boolean): void {
  const message: ProducerReport = { started: made, acknowledged: client.acknowledged, toRepeat: client.toRepeat, underWay: client.underWay, isFinished };
  if (process.connected) process.send?.(message);
}
