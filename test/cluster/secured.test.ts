import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { parseConfig, type Config } from '../../src/config/parseConfig.js';
import { inspectRedis } from '../../src/processes/inspectRedis.js';
import { connect } from '../../src/redis/connect.js';
import { createAuthority, type TestAuthority } from '../support/certificates.js';
import type { Secured } from './support/secured.js';
import { TestCluster } from './support/TestCluster.js';
import { TestSentinels } from './support/TestSentinels.js';

const MOST_MS = 90_000;

let authority: TestAuthority;
let secured: Secured;
let files: Readonly<Record<string, string>>;

beforeAll(async () => {
  authority = await createAuthority();
  const certificate = await authority.sign('everybody');
  secured = { caFile: authority.caFile, certificate, password: 'word-of-the-test' };
  files = { REDIS_TLS: 'true', REDIS_TLS_CA_FILE: authority.caFile, REDIS_TLS_CERT_FILE: certificate.certFile, REDIS_TLS_KEY_FILE: certificate.keyFile };
});
afterAll(() => authority.close());

/** Whether thirty keys, on whatever node, come back as they were written. */
async function roundTrips(config: Config): Promise<boolean> {
  const redis = connect(config, 'patient', 'test', () => undefined);
  try {
    const keys = Array.from({ length: 30 }, (_, place) => `key-${place}`);
    await Promise.all(keys.map(async (key) => redis.set(key, key)));
    const values = await Promise.all(keys.map(async (key) => redis.get(key)));
    return values.join() === keys.join();
  } finally {
    redis.disconnect();
  }
}

describe('over TLS, with certificates of clients and a password on every way', () => {
  it('a cluster is found and used', async () => {
    const cluster = await TestCluster.start([], secured);
    try {
      const config = parseConfig({ ...files, REDIS_CLUSTER: cluster.hosts.join(), REDIS_PASSWORD: secured.password });
      expect(await inspectRedis(config)).toMatchObject({ state: 'answering' });
      expect(await roundTrips(config)).toBe(true);
    } finally {
      await cluster.stop();
    }
  }, MOST_MS);

  it('sentinels are asked, and their master is used', async () => {
    const sentinels = await TestSentinels.start({ secured });
    try {
      const config = parseConfig({ ...files, REDIS_SENTINELS: sentinels.hosts.join(), REDIS_SENTINEL_PASSWORD: secured.password, REDIS_PASSWORD: secured.password });
      expect(await inspectRedis(config)).toMatchObject({ state: 'answering' });
      expect(await roundTrips(config)).toBe(true);
    } finally {
      await sentinels.stop();
    }
  }, MOST_MS);
});
