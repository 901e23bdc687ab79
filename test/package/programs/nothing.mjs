import { setImmediate } from 'node:timers/promises';

const signs = ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'exit'];
const listeners = () => signs.reduce((sum, name) => sum + process.listenerCount(name), 0);
const resources = () => process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|Immediate/.test(name));

const before = { environment: JSON.stringify(process.env), listeners: listeners() };
const { AnalyticsService } = await import('analytics-service');
// The loader itself may still be closing a file.
for (let turn = 0; turn < 1000 && resources().length > 0; turn += 1) await setImmediate();
console.log(
  JSON.stringify({
    isThere: typeof AnalyticsService === 'function',
    resources: resources(),
    environmentIsUntouched: JSON.stringify(process.env) === before.environment,
    newListeners: listeners() - before.listeners,
  }),
);
