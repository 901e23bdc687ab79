import type { Emergencies } from '../../../access/emergency/Emergencies.js';
import type { AccessGate } from '../../../access/AccessGate.js';
import { ActorService, type ActorServiceParts } from './ActorService.js';

export interface EmergencyServiceParts extends ActorServiceParts {
  readonly id: string;
  readonly endsAt: number;
  /** Runs `work` on an open link, within the deadline. */
  readonly within: <T>(work: (gate: AccessGate, emergencies: Emergencies) => Promise<T>) => Promise<T>;
}

/** The service as somebody sees it in an emergency: the patients that were named, until it ends. See docs/access.md. */
export class EmergencyService extends ActorService {
  /** It stands in every record of what is read, as `emergency:<id>`. */
  readonly id: string;
  /** When it ends by itself, ms since 1970. */
  readonly endsAt: number;
  readonly #parts: EmergencyServiceParts;

  constructor(parts: EmergencyServiceParts) {
    super(parts);
    this.id = parts.id;
    this.endsAt = parts.endsAt;
    this.#parts = parts;
  }

  /** Ends it before its time. @throws ValidationError when it has ended */
  async end(): Promise<void> {
    const { principal, within, id } = this.#parts;
    // Without the check: that it goes on is found out by ending it.
    const whoever = { actor: principal.actor, via: principal.via };
    await within(async (gate, emergencies) => gate.act(whoever, { operation: 'emergency.end', reason: id }, async () => emergencies.end(id, principal.actor.subject)));
  }
}
