import type { ClassTree, Declaration } from './dataClasses.js';
import { EventType } from './EventType.js';

/** Where an event happened, as far as it tells nothing of the person. */
const surroundings: ClassTree = {
  browser: 'internal',
  browserVersion: 'internal',
  os: 'internal',
  osVersion: 'internal',
  platform: 'internal',
  userAgent: 'internal',
  agent: 'internal',
  viewport: 'internal',
  screen: 'internal',
  language: 'internal',
  locale: 'internal',
  timezone: 'internal',
  appVersion: 'internal',
  release: 'internal',
  sdk: 'internal',
  source: 'internal',
  environment: 'internal',
  region: 'internal',
  connection: 'internal',
  // A time tells when somebody was where, and a page of a therapy application what for.
  timestamp: 'phi',
  page: 'phi',
  referrer: 'phi',
};

const place: ClassTree = { page: 'phi', path: 'phi', url: 'phi', title: 'phi', referrer: 'phi' };

/**
 * What the built-in types hold. A page is a URL by 164.514(b)(2)(i)(N), so it counts as health data here; an application
 * whose pages tell nothing says so with `declareClasses`.
 */
export const builtInClasses: Readonly<Record<EventType, Declaration>> = {
  [EventType.PAGE_VIEW]: {
    classes: {
      properties: { ...place, loadMs: 'internal', durationMs: 'internal', cached: 'internal', scrollDepth: 'internal' },
      metadata: surroundings,
    },
  },
  [EventType.USER_ACTION]: {
    classes: {
      properties: { ...place, action: 'internal', target: 'internal', element: 'internal', label: 'phi', value: 'phi', durationMs: 'internal' },
      metadata: surroundings,
    },
  },
  // The one type whose data are care itself: an allow-list of figures and codes, and no place for what somebody said.
  [EventType.THERAPY_SESSION]: {
    classes: {
      properties: {
        duration: 'phi',
        durationMs: 'phi',
        type: 'phi',
        outcome: 'phi',
        status: 'phi',
        modality: 'phi',
        format: 'phi',
        phase: 'phi',
        sessionNumber: 'phi',
        plannedSessions: 'phi',
        attendance: 'phi',
        cancelledBy: 'phi',
        startedAt: 'phi',
        endedAt: 'phi',
        score: 'phi',
        scores: 'phi',
        progress: 'phi',
        rating: 'phi',
        techniques: 'phi',
        exercises: 'phi',
        participants: 'phi',
        isFirst: 'phi',
        isCrisis: 'phi',
      },
      metadata: surroundings,
    },
    undeclared: 'drop',
    freeText: 'refuse',
  },
  [EventType.NOTIFICATION]: {
    classes: {
      properties: { channel: 'internal', template: 'internal', opened: 'internal', clicked: 'internal', delivered: 'internal', action: 'internal', kind: 'phi', title: 'phi' },
      metadata: surroundings,
    },
  },
  [EventType.ERROR]: {
    classes: {
      properties: { ...place, code: 'internal', status: 'internal', retries: 'internal', component: 'internal', message: 'phi', stack: 'phi' },
      metadata: surroundings,
    },
  },
  [EventType.SECURITY]: {
    classes: {
      properties: { action: 'internal', success: 'internal', method: 'internal', reason: 'internal', severity: 'internal', attempts: 'internal' },
      metadata: surroundings,
    },
  },
  [EventType.PERFORMANCE]: {
    classes: {
      properties: { ...place, firstByteMs: 'internal', paintMs: 'internal', loadMs: 'internal', durationMs: 'internal', bytes: 'internal', metric: 'internal', value: 'internal' },
      metadata: surroundings,
    },
  },
  [EventType.CUSTOM]: { classes: { properties: 'phi', metadata: 'phi' } },
};
