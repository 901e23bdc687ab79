import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { responsibilitiesOf } from '../../src/checks/responsibilities.js';
import { parseConfig } from '../../src/config/parseConfig.js';

const of = (env: Record<string, string>) => Object.fromEntries(responsibilitiesOf(parseConfig(env)).map(({ safeguard, duty }) => [safeguard, duty]));

const hardened = {
  NODE_ENV: 'production',
  REDIS_URL: 'rediss://redis.example.org:6379',
  REDIS_USERNAME: 'board',
  ANALYTICS_TLS_CERT_FILE: '/etc/analytics/cert.pem',
  ANALYTICS_TLS_KEY_FILE: '/etc/analytics/key.pem',
  ANALYTICS_ENCRYPTION_KEY_FILE: '/run/secrets/keys',
  ANALYTICS_KEY_STORE_URL: 'rediss://keys.example.org:6379',
  ANALYTICS_TOKEN_JWKS_URL: 'https://id.example.org/jwks.json',
  ANALYTICS_TOKEN_ISSUER: 'https://id.example.org',
  ANALYTICS_TOKEN_AUDIENCE: 'analytics',
  ANALYTICS_AUDIT_DIR: '/mnt/checkpoints',
  ANALYTICS_BACKUP_DIR: '/mnt/backup',
  ANALYTICS_EMERGENCY_HASH: 'a'.repeat(64),
};

describe('the responsibilities', () => {
  it('says what a configuration turns on, what it leaves off, and what is the operator’s', () => {
    const bare = of({});
    expect(bare).toMatchObject({ 'TLS of sockets and board': 'nobody', 'TLS to Redis': 'operator', 'data keys apart from the data': 'nobody', 'no socket without a token': 'nobody', backup: 'nobody', 'second factor of operators and admins at the board': 'nobody', 'every read and change is recorded': 'service' });
    const full = of(hardened);
    expect(Object.entries(full).filter(([, duty]) => duty === 'nobody')).toEqual([]);
    expect(full).toMatchObject({ 'TLS of sockets and board': 'service', 'TLS to Redis': 'service', 'no socket without a token': 'service', 'second factor of operators and admins at the board': 'service', 'business associate agreements': 'operator' });
    expect(of({ ANALYTICS_TLS_BY_PROXY: 'true', REDIS_URL: 'redis://redis.example.org', REDIS_TLS_BY_PROXY: 'true', ANALYTICS_GUARD: 'off', ANALYTICS_AUDIT_DAYS: '30' })).toMatchObject({
      'TLS of sockets and board': 'operator',
      'TLS to Redis': 'operator',
      'identifiers in what is tracked': 'nobody',
      'records for six years': 'nobody',
    });
  });

  it('gets worse in one line for each safeguard that is taken away', () => {
    const off = (env: Record<string, string>): number => Object.values(of(env)).filter((duty) => duty === 'nobody').length;
    for (const name of ['REDIS_USERNAME', 'ANALYTICS_KEY_STORE_URL', 'ANALYTICS_TOKEN_ISSUER', 'ANALYTICS_AUDIT_DIR', 'ANALYTICS_BACKUP_DIR', 'ANALYTICS_EMERGENCY_HASH']) {
      expect([name, off(Object.fromEntries(Object.entries(hardened).filter(([other]) => other !== name)))]).toEqual([name, 1]);
    }
  });

  it('names no value of a secret', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9]{24,40}$/);
    fc.assert(
      fc.property(secret, (value) => {
        const text = JSON.stringify(responsibilitiesOf(parseConfig({ REDIS_URL: `redis://u:${value}@localhost`, ANALYTICS_TOKEN_SECRET: value, ANALYTICS_ENCRYPTION_KEY: value, REDIS_PASSWORD: value, ANALYTICS_GUARD_TOKEN_KEY: value })));
        expect(text).not.toContain(value);
      }),
      { numRuns: 50 },
    );
  });
});
