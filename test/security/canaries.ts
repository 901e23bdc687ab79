import { randomBytes } from 'node:crypto';

import { clearForms, clearNumberForms, type ClearForm } from '../support/clearForms.js';

/** What must never lie open: a value for each place that a caller's data can be in. */
export const canaries = {
  userId: 'user-Q7canaryUid-918273',
  otherUserId: 'Ünïcode-Zebra-Nutzer-5521',
  sessionId: 'session-canarySid-XK44-7710',
  callerId: 'order-canaryCid-2026-000417',
  eventKey: 'Jane Canaryson née Wren',
  nestedKey: 'canary nested key 88-17',
  eventValue: 'told me on 1980-05-13 that canaries sing',
  arrayValue: 'canary-in-array-661204',
  page: '/therapy/session/canary-page-8842?ref=wren',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) CanaryBrowser/77.31.4',
  ipAddress: '203.0.113.177',
  ipV6: '2001:db8:85a3::8a2e:370:7334',
  email: 'jane.canaryson@birds.example',
  metadataKey: 'Kanarienvogel Schlüssel',
  metadataValue: 'metadata-canary-value-30417',
  tagKey: 'Canary Tag Key 12-7',
  tagValue: '/api/therapy/canary-tag-value-55',
  metricName: 'Mrs Canaryson: pulse (bpm)',
  personalMetricName: 'visits.of.203.0.113.177',
  defaultKey: 'DefaultServiceKey Canary-09',
} as const;

/** Figures that say something of a person; doubles and decimal text are looked for. */
export const canaryNumbers = { property: 73_519_284_061.25, metric: 98_765.432_109_876 } as const;

/** Put in clear into the queue by somebody else: it must not spread from the job into reasons, logs and errors. */
export const injectedCanary = 'canary-injected-in-clear-7716';

/** The keys of the processes. */
export const secrets = {
  encryptionKey: randomBytes(32).toString('base64'),
  tokenSecret: randomBytes(32).toString('base64'),
} as const;

export const canaryForms: readonly ClearForm[] = [
  ...Object.values(canaries).flatMap(clearForms),
  ...Object.values(canaryNumbers).flatMap(clearNumberForms),
  ...Object.values(secrets).flatMap(clearForms),
  ...Object.values(secrets).flatMap((secret) => ({ text: secret, form: 'bytes', bytes: Buffer.from(secret, 'base64') })),
];

/** An event of the type with a canary in every place. */
export function canaryEvent() {
  return {
    userId: canaries.userId,
    sessionId: canaries.sessionId,
    properties: {
      [canaries.eventKey]: canaries.eventValue,
      page: canaries.page,
      nested: { [canaries.nestedKey]: [canaries.arrayValue, { deeper: canaries.email }] },
      amount: canaryNumbers.property,
    },
    metadata: {
      userAgent: canaries.userAgent,
      ip: canaries.ipAddress,
      forwardedFor: canaries.ipV6,
      [canaries.metadataKey]: canaries.metadataValue,
    },
  };
}

export const canaryTags = { [canaries.tagKey]: canaries.tagValue, endpoint: canaries.page, client: canaries.ipAddress };
