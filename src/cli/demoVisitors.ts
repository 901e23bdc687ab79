import type { EventData } from '../contract/event.js';
import type { MetricData } from '../contract/metric.js';
import { EventPriority } from '../contract/EventPriority.js';
import { EventType } from '../contract/EventType.js';

export interface DemoVisitors {
  /** What the next of the visitors does. */
  nextEvent(): EventData;
  /** What the application's servers measure once a second. */
  nextMetrics(): MetricData[];
}

interface Visitor {
  readonly userId: string;
  readonly browser: string;
  readonly os: string;
  session: number;
  page: string;
}

const VISITORS = 12;
const browsers = [['Chrome', 'macOS'], ['Firefox', 'Windows'], ['Safari', 'iOS'], ['Chrome', 'Android']] as const;
/** From each page, the pages that one goes to next. */
const site: Readonly<Record<string, readonly string[]>> = {
  '/home': ['/journal', '/mood', '/therapy/plan', '/library'],
  '/journal': ['/journal/new', '/home'],
  '/journal/new': ['/journal', '/mood'],
  '/mood': ['/home', '/therapy/plan'],
  '/therapy/plan': ['/therapy/session', '/home'],
  '/therapy/session': ['/mood', '/home'],
  '/library': ['/home', '/therapy/plan'],
};
const targets = ['submit-button', 'next-step', 'mood-slider', 'menu', 'save-draft'];
const endpoints = ['/api/therapy/session', '/api/journal', '/api/mood'] as const;

/** A dozen visitors of a therapy application, each walking from page to page in sessions of their own. */
export function createDemoVisitors(random: () => number): DemoVisitors {
  const one = <T>(choices: readonly [T, ...T[]] | readonly T[]): T | undefined =>
    choices[Math.floor(random() * choices.length)];
  const visitors = Array.from({ length: VISITORS }, (_, index): Visitor => {
    const [browser, os] = browsers[index % browsers.length] ?? browsers[0];
    return { userId: `demo-user-${index + 1}`, browser, os, session: 1, page: '/home' };
  });

  function walk(visitor: Visitor): void {
    visitor.page = one(site[visitor.page] ?? []) ?? '/home';
    // One step in thirty ends the visit.
    if (random() < 1 / 30) visitor.session += 1;
  }

  return {
    nextEvent() {
      const visitor = visitors[Math.floor(random() * VISITORS)];
      if (visitor === undefined) throw new RangeError('random() has to be below 1.');
      const { userId, browser, os } = visitor;
      const about = { userId, sessionId: `${userId}-visit-${visitor.session}`, metadata: { browser, os } };
      const chance = random();
      if (chance < 0.5) {
        walk(visitor);
        const properties = { page: visitor.page, loadMs: Math.round(80 + 600 * random() ** 3) };
        return { ...about, type: EventType.PAGE_VIEW, priority: EventPriority.NORMAL, properties };
      }
      if (chance < 0.85) {
        const properties = { action: 'click', target: one(targets), page: visitor.page };
        return { ...about, type: EventType.USER_ACTION, priority: EventPriority.NORMAL, properties };
      }
      if (chance < 0.9) {
        const properties = { duration: 60 * Math.round(20 + 40 * random()), type: one(['cbt', 'dbt', 'act']), outcome: 'completed' };
        return { ...about, type: EventType.THERAPY_SESSION, priority: EventPriority.HIGH, properties };
      }
      if (chance < 0.95) {
        const properties = { channel: one(['push', 'in-app']), opened: random() < 0.4 };
        return { ...about, type: EventType.NOTIFICATION, priority: EventPriority.LOW, properties };
      }
      if (chance < 0.98) {
        const properties = { page: visitor.page, firstByteMs: Math.round(20 + 200 * random()) };
        return { ...about, type: EventType.PERFORMANCE, priority: EventPriority.LOW, properties };
      }
      const properties = { code: one(['E_TIMEOUT', 'E_OFFLINE']), page: visitor.page, status: 503 };
      return { ...about, type: EventType.ERROR, priority: EventPriority.CRITICAL, properties };
    },

    nextMetrics() {
      const times = endpoints.map((endpoint): MetricData => ({
        name: 'api_response_time',
        value: Math.round(40 + 400 * random() ** 3),
        tags: { endpoint, method: 'POST', status: random() < 0.98 ? '200' : '503' },
      }));
      // A day's wave, so that a chart of it looks like one.
      const wave = Math.sin((Date.now() / 86_400_000) * 2 * Math.PI);
      const active = Math.round(1250 + 250 * wave + 20 * random());
      return [...times, { name: 'active_users', value: active, tags: { type: 'daily', source: 'web' } }];
    },
  };
}
