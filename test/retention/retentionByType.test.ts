import { describe, expect, it } from '@jest/globals';

import { parseConfig } from '../../src/config/parseConfig.js';
import { oldestKeptAt, retentionOf } from '../../src/config/retention.js';

describe('ANALYTICS_RETENTION_BY_TYPE', () => {
  it('says how long a type is kept, and the others are kept as long as ANALYTICS_RETENTION_DAYS says', () => {
    const days = retentionOf(parseConfig({ ANALYTICS_RETENTION_DAYS: '60', ANALYTICS_RETENTION_BY_TYPE: 'security=2190, page_view=30' }));
    expect([days('security'), days('page_view'), days('error'), days('constructor')]).toEqual([2190, 30, 60, 60]);
    expect(retentionOf(parseConfig({}))('security')).toBe(90);
  });

  it.each(['security', 'security=', 'security=0', 'security=1.5', 'security=1e3', 'Security=5', 'security=5,security=6', 'security=5=6', 'security=99999'])(
    'refuses %p',
    (text) => {
      expect(() => parseConfig({ ANALYTICS_RETENTION_BY_TYPE: text })).toThrow(/ANALYTICS_RETENTION_BY_TYPE/);
    },
  );

  it('counts days back from a moment', () => {
    expect(oldestKeptAt(2, 10 * 86_400_000)).toBe(8 * 86_400_000);
  });
});
