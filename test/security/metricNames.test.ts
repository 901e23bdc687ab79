import { describe, expect, it } from '@jest/globals';

import { Fingerprints } from '../../src/security/Fingerprints.js';
import { metricKeyName } from '../../src/storage/metricKeyName.js';

const fingerprints = new Fingerprints(Buffer.alloc(32, 7));
const keyNameOf = (name: string) => metricKeyName(name, fingerprints);

describe('the name of a metric in keys', () => {
  it.each(['api_response_time', 'active_users', 'http.server.p99.9', 'latency_p99', 'http_5xx', 'queue', 'day_20261123', 'cpu2.user'])(
    'is %s itself, which is plain',
    (name) => expect(keyNameOf(name)).toBe(name),
  );

  it.each([
    ...['visits.of.203.0.113.177', 'visits_203.0.113.177', 'ip_203_0_113_177', 'ip203.0.113.177', 'from.203.0.113.177.count'],
    ...['phone_555.123.4567', 'ssn_078.05.1120', 'ssn.078_05_1120', 'mrn_12345678', 'mrn12345678', 'card_4111111111111111'],
    ...['tel_4915123456789', 'dob_1980_05_13'],
  ])('hides %s, a plain name that holds what looks like a person’s', (name) => {
    expect(keyNameOf(name)).toMatch(/^~[A-Za-z0-9_-]{22}$/);
  });

  it.each(['', 'Latency', 'ünïcode', 'tags:cpu', '{}', '*', 'a b', '~x', 'a'.repeat(65), '1st', 'line\nbreak'])('hides %j, which is not plain', (name) => {
    expect(keyNameOf(name)).toMatch(/^~[A-Za-z0-9_-]{22}$/);
  });

  it('is another for each name, and under another key', () => {
    const names = ['Latency', 'latency ', 'ssn_078.05.1120', 'ssn_078_05_1120', '~x'];
    expect(new Set(names.map(keyNameOf)).size).toBe(names.length);
    expect(metricKeyName('Latency', new Fingerprints(Buffer.alloc(32, 8)))).not.toBe(keyNameOf('Latency'));
  });
});
