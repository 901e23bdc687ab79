// For pm2, after "npm run build":  npx pm2 start ecosystem.config.js   (reload, stop, delete likewise)
//
// Everything is set by the environment that pm2 is started from, see docs/configuration.md. pm2 keeps that environment
// in its dump file, so give secrets as files (ANALYTICS_ENCRYPTION_KEY_FILE, ANALYTICS_TOKEN_SECRET_FILE).
import { availableParallelism } from 'node:os';

/** What a process may take to finish its work; pm2 kills after 1.6 s unless it is told. */
const shutdownMs = Number(process.env.ANALYTICS_SHUTDOWN_MS || 20_000);

const common = {
  cwd: import.meta.dirname,
  script: 'dist/src/processes/main.js',
  // "ready" is sent when the roles do their work. Without Redis that takes as long as Redis takes; pm2 goes on meanwhile.
  wait_ready: true,
  listen_timeout: 15_000,
  kill_timeout: shutdownMs + 5000,
  // Only the process itself is told to end: it lets its children finish their jobs, and they end with it.
  treekill: false,
  exp_backoff_restart_delay: 100,
  merge_logs: true,
  time: false,
};

export const apps = [
  {
    ...common,
    name: 'analytics-worker',
    args: '--services=processing,scheduling',
    // Each runs ANALYTICS_CONCURRENCY children; a second one keeps working while the first is reloaded.
    instances: Number(process.env.ANALYTICS_WORKERS || 2),
    exec_mode: 'fork',
  },
  {
    ...common,
    name: 'analytics-broadcaster',
    args: '--services=broadcasting',
    // Cluster mode shares ANALYTICS_WS_PORT, and a reload starts the new one before it ends the old.
    instances: Number(process.env.ANALYTICS_BROADCASTERS || Math.min(2, availableParallelism())),
    exec_mode: 'cluster',
  },
  {
    ...common,
    name: 'analytics-http',
    args: '--services=http',
    // As above, for ANALYTICS_HTTP_PORT.
    instances: Number(process.env.ANALYTICS_HTTP_PROCESSES || 1),
    exec_mode: 'cluster',
  },
  {
    ...common,
    name: 'analytics-board',
    args: '--services=board',
    instances: 1,
    exec_mode: 'fork',
  },
];
