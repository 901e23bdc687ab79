import { queuePlaces } from '../../queues/names.js';
import type { Keys } from './keys.js';

/** Stands for a name where templates are made; no name holds it. */
const NAME = '\u0001';

/** Tells whether a key under the prefix may be one of this service, by its form. Made from `Keys`, so that it knows them all. */
export function createKeyRecognizer(keys: Keys): (key: string) => boolean {
  const starts = queueStarts(keys);
  const forms = keyTemplates(keys).map((template) => new RegExp(`^${template.split(NAME).map(escape).join('[^:]+')}$`));
  return (key) => starts.some((start) => key.startsWith(start)) || forms.some((form) => form.test(key));
}

/** Every key that there may be, with `*` for a name or a number; of a queue whatever BullMQ makes of it. For lists of them. */
export function keyPatterns(keys: Keys): string[] {
  return [...keyTemplates(keys).map((template) => template.replaceAll(NAME, '*')), ...queueStarts(keys).map((start) => `${start}*`)];
}

function queueStarts(keys: Keys): string[] {
  return Object.values(queuePlaces(keys)).map(({ prefix, name }) => `${prefix}:${name}:`);
}

function keyTemplates(keys: Keys): string[] {
  const templates = new Set(templatesOf(keys));
  // One fence for each of BullMQ's prefixes.
  for (const { prefix } of Object.values(queuePlaces(keys))) templates.add(keys.queueFence(prefix));
  // What keys begin with is none itself.
  for (const start of [keys.prefix, keys.eventQueuePrefix, keys.queuePrefix]) templates.delete(start);
  return [...templates];
}

function templatesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  // Every function of `Keys` takes a name or a number, which is put into a key as it is.
  if (typeof value === 'function') return templatesOf((value as (name: string) => unknown)(NAME));
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(templatesOf).filter((template) => !template.startsWith(NAME));
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
