import type { Config } from '../config/parseConfig.js';

/** Why data could be lost. */
export interface RedisDanger {
  /**
   * `evicts`: it deletes what it holds, the locks of running jobs first. `mayEvict`: it would, had its memory a limit.
   * `volatile`: it keeps nothing over a restart. `unknown`: it does not say.
   */
  readonly kind: 'evicts' | 'mayEvict' | 'volatile' | 'unknown';
  /** What to do about it. */
  readonly sentence: string;
}

/** What Redis says to INFO, by name. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
}

/** Told by INFO alone: managed services refuse CONFIG. */
export function redisDangers(info: ReadonlyMap<string, string>): readonly RedisDanger[] {
  const dangers: RedisDanger[] = [];
  if (info.get('aof_enabled') !== '1') {
    dangers.push({ kind: 'volatile', sentence: 'It keeps no append-only file: what was acknowledged is lost when it restarts. Set "appendonly yes", or say that this is meant: ANALYTICS_ALLOW_VOLATILE=true.' });
  }
  const policy = info.get('maxmemory_policy');
  if (policy === undefined) {
    dangers.push({ kind: 'unknown', sentence: 'It does not tell its maxmemory-policy. See that it is noeviction: with any other it deletes data when its memory is full.' });
  } else if (policy !== 'noeviction') {
    dangers.push({ kind: Number(info.get('maxmemory') ?? 0) > 0 ? 'evicts' : 'mayEvict', sentence: `It deletes data when its memory is full (maxmemory-policy ${policy}). Set "maxmemory-policy noeviction".` });
  }
  return dangers;
}

/** Those of them that nobody starts with. */
export function refusedDangers(dangers: readonly RedisDanger[], config: Pick<Config, 'isProduction' | 'ANALYTICS_ALLOW_VOLATILE'>): readonly RedisDanger[] {
  const isRefused: Readonly<Record<RedisDanger['kind'], boolean>> = {
    evicts: true,
    mayEvict: config.isProduction,
    volatile: config.isProduction && !config.ANALYTICS_ALLOW_VOLATILE,
    unknown: false,
  };
  return dangers.filter(({ kind }) => isRefused[kind]);
}
