import { EventPriority } from '../../src/contract/EventPriority.js';
import { EventType } from '../../src/contract/EventType.js';

/** An event as an application hands it to `trackEvent`: no id and no time, the service gives both. */
export interface SampleEvent {
  readonly type: EventType;
  readonly priority: EventPriority;
  readonly userId: string;
  readonly sessionId: string;
  readonly properties: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly metadata: Readonly<Record<string, string | number>>;
}

/** The user whose socket the benchmarks watch: 2 % of all events, so that a short run gives enough latencies. */
export const watchedUser = 'user-0000';
const WATCHED_SHARE = 0.02;
const USERS = 400;

/** UTF-8 bytes of a stored event as JSON (id and time included) lie between these. */
export const eventBytes = { least: 350, most: 430 } as const;
/** What the id (a UUID), the time and their keys add to a sample's JSON. */
const ID_AND_TIME_BYTES = `"id":"${'0'.repeat(36)}","timestamp":${'0'.repeat(13)},`.length;

const priorities: readonly (readonly [EventPriority, number])[] = [
  [EventPriority.LOW, 0.2],
  [EventPriority.NORMAL, 0.5],
  [EventPriority.HIGH, 0.2],
  [EventPriority.CRITICAL, 0.1],
];

const types: readonly (readonly [EventType, number])[] = [
  [EventType.PAGE_VIEW, 0.35],
  [EventType.USER_ACTION, 0.25],
  [EventType.THERAPY_SESSION, 0.08],
  [EventType.NOTIFICATION, 0.08],
  [EventType.ERROR, 0.06],
  [EventType.SECURITY, 0.06],
  [EventType.PERFORMANCE, 0.07],
  [EventType.CUSTOM, 0.05],
];

const pages = ['/therapy/session', '/therapy/plan', '/journal', '/journal/new', '/mood', '/home', '/settings', '/library'];
const actions = ['click', 'submit', 'open', 'close', 'scroll', 'select', 'search', 'share'];
const targets = ['submit-button', 'save-draft', 'mood-slider', 'next-step', 'menu', 'calendar', 'reminder', 'chart'];
const agents = [
  ['Chrome', 'macOS', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/126.0 Safari/537.36'],
  ['Firefox', 'Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0'],
  ['Safari', 'iOS', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148'],
  ['Chrome', 'Android', 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36'],
  ['Edge', 'Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Edg/126.0'],
] as const;
const words = (
  'calm steady plan progress step weekly goal review breathing exercise sleep routine walk evening morning focus ' +
  'gentle practice reflection group support module lesson video audio summary chart trend reminder finished started'
).split(' ');

/**
 * The same events for the same seed: all types and priorities, 400 users, 350 to 430 bytes of JSON.
 *
 * @param count how many
 */
export function sampleEvents(count: number, seed = 1): SampleEvent[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => sampleEvent(random));
}

export type Random = () => number;

/** mulberry32: small, fast and the same everywhere. Below 1. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param type of the event; any by default, by the shares above */
export function sampleEvent(random: Random, type = weighted(random, types)): SampleEvent {
  const priority = weighted(random, priorities);
  const user = random() < WATCHED_SHARE ? 0 : 1 + whole(random, USERS - 1);
  const [browser, os, agent] = one(random, agents);
  const event = {
    type,
    priority,
    userId: `user-${String(user).padStart(4, '0')}`,
    sessionId: `session-${user}-${whole(random, 20)}`,
    properties: propertiesOf(type, random),
    metadata: { browser, os, agent, viewport: one(random, [390, 768, 1280, 1440, 1920]) },
  };
  // Words fill up to the size; the longest word and its separators stay below the range's width.
  // A therapy session refuses free text and gets terms.
  const isSession = type === EventType.THERAPY_SESSION;
  const filled = (chosen: readonly string[]) => ({ ...event, properties: { ...event.properties, ...(isSession ? { techniques: chosen } : { note: chosen.join(' ') }) } });
  const bytes = JSON.stringify(filled([])).length + ID_AND_TIME_BYTES;
  const wanted = eventBytes.least - bytes + whole(random, eventBytes.most - eventBytes.least - 14);
  const chosen: string[] = [];
  // The first word has nothing before it.
  for (let length = -1; length < wanted; length += (chosen.at(-1) ?? '').length + (isSession ? 3 : 1)) chosen.push(one(random, words));
  return filled(chosen);
}

function propertiesOf(type: EventType, random: Random): Record<string, string | number | boolean | readonly string[]> {
  const page = one(random, pages);
  switch (type) {
    case EventType.PAGE_VIEW:
      return { page, loadMs: 80 + whole(random, 900), cached: random() < 0.3 };
    case EventType.USER_ACTION:
      return { action: one(random, actions), target: one(random, targets), page };
    case EventType.THERAPY_SESSION:
      return { duration: 600 + 60 * whole(random, 80), type: one(random, ['cbt', 'dbt', 'act']), outcome: 'completed' };
    case EventType.NOTIFICATION:
      return { channel: one(random, ['push', 'mail', 'in-app']), opened: random() < 0.4 };
    case EventType.ERROR:
      return { code: one(random, ['E_TIMEOUT', 'E_CONFLICT', 'E_OFFLINE']), page, status: one(random, [404, 500, 503]) };
    case EventType.SECURITY:
      return { action: one(random, ['login', 'logout', 'password-change']), success: random() < 0.9 };
    case EventType.PERFORMANCE:
      return { page, firstByteMs: whole(random, 400), paintMs: 100 + whole(random, 1500) };
    default:
      return { kind: one(random, ['survey', 'export', 'import']), step: whole(random, 10), page };
  }
}

function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function one<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[whole(random, choices.length)];
  if (choice === undefined) throw new RangeError('A choice needs something to choose from.');
  return choice;
}

function weighted<T>(random: Random, choices: readonly (readonly [T, number])[]): T {
  let left = random();
  for (const [choice, share] of choices) {
    left -= share;
    if (left < 0) return choice;
  }
  return one(random, choices)[0];
}
