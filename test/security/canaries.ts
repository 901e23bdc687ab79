import { randomBytes } from 'node:crypto';

import { newEmergencySecret } from '../../src/access/emergency/Emergencies.js';
import { clearForms, clearNumberForms, type ClearForm } from '../support/clearForms.js';
import { FormFinder } from '../support/FormFinder.js';
import { unwrapped } from '../support/unwrapped.js';

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
  spooledUserId: 'spooled-canary-user-61-0093',
  emergencyReason: 'Canaryson lies unconscious in bay 7-31',
  dropReason: 'the batch of Canaryson-Wren 44-0917',
  holdReason: 'case Canaryson versus Birds 2026/118',
  panelUserId: 'panel-canary-user-30-7714',
  exportedPerson: 'exported-canary-person-58',
  tokenSubject: 'token-canary-subject-83-2210',
  strangerSubject: 'stranger-canary-subject-19-6650',
  signInText: 'not-a-token-but-canary-password-2297',
  boardPath: 'board-path-canary-9031-7',
  boardQuery: 'board-query-canary-4417-2',
  boardHeader: 'board-header-canary-8106-5',
  boardBody: 'board-body-canary-5523-9',
  socketText: 'socket-text-canary-7740-1',
} as const;

/** Figures that say something of a person; doubles and decimal text are looked for. */
export const canaryNumbers = { property: 73_519_284_061.25, metric: 98_765.432_109_876 } as const;

/** Put in clear into the queue by somebody else: it must not spread from the job into reasons, logs and errors. */
export const injectedCanary = 'canary-injected-in-clear-7716';

const emergency = newEmergencySecret();

/** What the processes are given, and what somebody keeps in an envelope. */
export const secrets = {
  encryptionKey: randomBytes(32).toString('base64'),
  tokenSecret: randomBytes(32).toString('base64'),
  guardTokenKey: randomBytes(32).toString('base64'),
  emergencySecret: emergency.secret,
  emergencyHash: emergency.hash,
} as const;

const personForms: readonly ClearForm[] = [...Object.values(canaries).flatMap(clearForms), ...Object.values(canaryNumbers).flatMap(clearNumberForms)];

export const canaryForms: readonly ClearForm[] = [
  ...personForms,
  ...Object.values(secrets).flatMap(clearForms),
  ...Object.values(secrets).flatMap((secret) => ({ text: secret, form: 'bytes', bytes: Buffer.from(secret, 'base64') })),
];

const everything = new FormFinder([...canaryForms, ...clearForms(injectedCanary)]);
const callers = new FormFinder(canaryForms);
const persons = new FormFinder(personForms);

/** Which canaries and secrets lie open in `bytes`, in whichever form, encoded or compressed however. */
export function openIn(bytes: Buffer): string[] {
  return sentencesOf(everything, [bytes, ...unwrapped(bytes)]);
}

/** The same, without what somebody else put into a queue in clear. */
export function openOfCallersIn(bytes: Buffer): string[] {
  return sentencesOf(callers, [bytes, ...unwrapped(bytes)]);
}

/** The same of what callers gave; secrets may stand there. */
export function openOfPersonsIn(bytes: Buffer): string[] {
  return sentencesOf(persons, [bytes, ...unwrapped(bytes)]);
}

function sentencesOf(finder: FormFinder, texts: readonly Buffer[]): string[] {
  return [...new Set(texts.flatMap((text) => [...finder.find(text)]))].map(({ text, form }) => `${text} (${form})`);
}

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
