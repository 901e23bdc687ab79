import { readFileSync } from 'node:fs';

import type { RedisOptions } from 'ioredis';

import type { TestCertificate } from '../../support/certificates.js';
import type { TestRedisOptions } from '../../support/redis.js';

/** What servers and clients of a secured set have in common. */
export interface Secured {
  readonly caFile: string;
  readonly certificate: TestCertificate;
  readonly password: string;
}

export function securedServer(secured: Secured | undefined): Pick<TestRedisOptions, 'tls'> {
  return secured === undefined ? {} : { tls: secured };
}

export function securedArguments(secured: Secured | undefined): string[] {
  return secured === undefined ? [] : ['--requirepass', secured.password, '--masterauth', secured.password];
}

export function securedClient(secured: Secured | undefined): Pick<RedisOptions, 'tls' | 'password'> {
  if (secured === undefined) return {};
  const { caFile, certificate, password } = secured;
  return { password, tls: { ca: readFileSync(caFile), cert: certificate.cert, key: certificate.key } };
}
