const signs = ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'exit'];
const listeners = () => signs.reduce((sum, name) => sum + process.listenerCount(name), 0);
const resources = () => process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|Immediate/.test(name));

const before = { environment: JSON.stringify(process.env), listeners: listeners() };
const { AnalyticsService } = require('analytics-service');
// One of the packages closes a file that it has read, by a callback that nobody waits for.
let turns = 0;
const report = () => {
  if (resources().length > 0 && ++turns < 1000) return setImmediate(report);
  return console.log(
    JSON.stringify({
      isThere: typeof AnalyticsService === 'function',
      resources: resources(),
      environmentIsUntouched: JSON.stringify(process.env) === before.environment,
      newListeners: listeners() - before.listeners,
    }),
  );
};
report();
