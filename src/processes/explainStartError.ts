import type { Config } from '../config/parseConfig.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';

/** What to tell the person who started this; undefined for a fault of ours, which the log describes. */
export function explainStartError(error: unknown, config?: Config): string | undefined {
  if (error instanceof AnalyticsError) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const port = 'port' in error ? Number(error.port) : undefined;
  if (error.code === 'EADDRINUSE' || error.code === 'EACCES') {
    const variable = portVariable(port, config);
    const why = error.code === 'EACCES' ? 'may not be used by this user' : 'is in use by another program (another start of this one?)';
    return `Port ${port ?? '?'} ${why}. ${variable === undefined ? 'Choose another.' : `Choose another with ${variable}=PORT.`}`;
  }
  if (error.code === 'EADDRNOTAVAIL') return `This machine has no address ${config?.ANALYTICS_HOST ?? ''}. Set ANALYTICS_HOST.`;
  return undefined;
}

function portVariable(port: number | undefined, config: Config | undefined): string | undefined {
  if (config === undefined || port === undefined) return undefined;
  return (['ANALYTICS_WS_PORT', 'ANALYTICS_BOARD_PORT', 'ANALYTICS_HTTP_PORT'] as const).find((name) => config[name] === port);
}
