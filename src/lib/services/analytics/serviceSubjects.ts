import type { Principal } from '../../../access/Principal.js';
import type { Config } from '../../../config/parseConfig.js';
import type { EventTypes } from '../../../contract/eventTypes.js';
import { KeyError } from '../../../errors/KeyError.js';
import { backupsOf } from '../../../subjects/backupsOf.js';
import { createSubjectGate } from '../../../subjects/createSubjectGate.js';
import { createSubjects, type Subjects } from '../../../subjects/createSubjects.js';
import type { EraseOptions } from '../../../subjects/options.js';
import { wakeEraser } from '../../../subjects/wakeEraser.js';
import type { LinkKeeper } from './LinkKeeper.js';
import type { ServiceLink } from './ServiceLink.js';
import { typedFailure } from './typedFailure.js';

export interface ServiceSubjectsOptions {
  readonly config: Config;
  readonly types: EventTypes;
  readonly links: LinkKeeper;
  readonly principal: Principal;
  /** Aborted when the service closes: an erasure under way ends between two steps, and can be resumed. */
  readonly signal: AbortSignal;
}

/**
 * The rights of persons as a service offers them. Exports and erasures take as long as there is something to read; every
 * other call settles within the deadline.
 */
export function serviceSubjects({ config, types, links, principal, signal }: ServiceSubjectsOptions): Subjects {
  const open = ({ redis, keys, keyRing, queues, gate }: ServiceLink): Subjects => {
    const secrets = keyRing.reading;
    if (secrets === undefined) {
      throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot read or erase. Set ANALYTICS_ENCRYPTION_KEY.');
    }
    const parts = { redis, keys, keyRing, secrets };
    return createSubjects({
      context: {
        ...parts,
        events: queues.events,
        metrics: queues.metrics,
        spoolDir: config.ANALYTICS_SPOOL_DIR,
        backups: backupsOf(config, parts),
        classesOf: (type) => types.classesOf(type),
        now: Date.now,
      },
      by: { subject: principal.actor.subject, via: principal.via },
      gate: createSubjectGate(gate, principal),
      wakeWorker: async () => wakeEraser(queues.maintenance),
      signal,
    });
  };
  const within = <T>(name: string, work: (subjects: Subjects) => Promise<T>): Promise<T> => links.within(`subjects.${name}`, async (link) => work(open(link)));
  const atLength = async <T>(name: string, work: (subjects: Subjects) => Promise<T>): Promise<T> => {
    const link = await links.checked(`subjects.${name}`);
    try {
      return await work(open(link));
    } catch (error) {
      throw typedFailure(error);
    }
  };
  return {
    async *export(userId) {
      const link = await links.checked('subjects.export');
      try {
        yield* open(link).export(userId);
      } catch (error) {
        throw typedFailure(error);
      }
    },
    erase: ((userId: string, options: EraseOptions) => atLength('erase', async (subjects) => subjects.erase(userId, options))) as Subjects['erase'], // passes on what it gets
    amend: (userId, eventId, options) => atLength('amend', async (subjects) => subjects.amend(userId, eventId, options)),
    startErasure: (userId, options) => atLength('startErasure', async (subjects) => subjects.startErasure(userId, options)),
    erasures: () => within('erasures', async (subjects) => subjects.erasures()),
    resume: (id) => atLength('resume', async (subjects) => subjects.resume(id)),
    receipt: (id) => within('receipt', async (subjects) => subjects.receipt(id)),
    receipts: () => within('receipts', async (subjects) => subjects.receipts()),
    isGenuine: (receipt) => within('isGenuine', async (subjects) => subjects.isGenuine(receipt)),
    hold: (userId, options) => within('hold', async (subjects) => subjects.hold(userId, options)),
    release: (userId, options) => within('release', async (subjects) => subjects.release(userId, options)),
    holds: () => within('holds', async (subjects) => subjects.holds()),
  };
}
