import type { AccessGate } from '../../../access/AccessGate.js';
import type { Emergencies } from '../../../access/emergency/Emergencies.js';
import type { EmergencyRequest } from '../../../access/emergency/EmergencyRequest.js';
import type { Principal } from '../../../access/Principal.js';
import type { AuditQueries } from '../../../audit/queries/AuditQueries.js';
import type { Config } from '../../../config/parseConfig.js';
import type { EventTypes } from '../../../contract/eventTypes.js';
import type { DeadLetters } from '../../../deadletters/createDeadLetters.js';
import type { Subjects } from '../../../subjects/createSubjects.js';
import { ActorService, type ActorServiceParts } from './ActorService.js';
import { EmergencyService } from './EmergencyService.js';
import type { LinkKeeper } from './LinkKeeper.js';
import { emergenciesOf, openEmergency } from './openEmergency.js';
import { principalOfCredential, type AuthenticateOptions } from './principalOfCredential.js';
import { readServiceStats } from './readServiceStats.js';
import type { Reads } from './Reads.js';
import { serviceAudit } from './serviceAudit.js';
import { serviceDeadLetters } from './serviceDeadLetters.js';
import { serviceSubjects } from './serviceSubjects.js';

export interface ActorViewsOptions {
  readonly config: Config;
  readonly types: EventTypes;
  readonly links: LinkKeeper;
  readonly reads: Reads;
  readonly tracking: ActorServiceParts['tracking'];
  /** Aborted when the service closes. */
  readonly signal: AbortSignal;
}

/** The service as one or the other may see it: everything is decided and recorded for the principal that it is made for. */
export class ActorViews {
  readonly #options: ActorViewsOptions;

  constructor(options: ActorViewsOptions) {
    this.#options = options;
  }

  of(principal: Principal): ActorService {
    return new ActorService(this.#partsOf(principal));
  }

  /** @throws UnauthenticatedError, recorded; ValidationError for an actor that cannot be one */
  async ofCredential(credential: string, options: AuthenticateOptions): Promise<ActorService> {
    return this.#options.links.within('authenticate', async (link) => this.of(await principalOfCredential(credential, options, link)));
  }

  /** @throws AccessError for another secret, recorded; ValidationError naming every bad field */
  async ofEmergency(request: EmergencyRequest): Promise<EmergencyService> {
    const { config, links } = this.#options;
    const within = async <T>(work: (gate: AccessGate, emergencies: Emergencies) => Promise<T>): Promise<T> =>
      links.within('emergency', async (link) => work(link.gate, emergenciesOf(config, link)));
    const { emergency, principal } = await openEmergency(request, within);
    return new EmergencyService({ ...this.#partsOf(principal), id: emergency.id, endsAt: emergency.endsAt, within });
  }

  deadLetters(principal: Principal): DeadLetters {
    const { config, types, links } = this.#options;
    return serviceDeadLetters({ config, types, principal, within: (operation, work) => links.within(operation, work) });
  }

  subjects(principal: Principal): Subjects {
    const { config, types, links, signal } = this.#options;
    return serviceSubjects({ config, types, links, principal, signal });
  }

  audit(principal: Principal): AuditQueries {
    const { config, links } = this.#options;
    return serviceAudit({ config, links, principal });
  }

  #partsOf(principal: Principal): ActorServiceParts {
    const { config, links, reads, tracking } = this.#options;
    return {
      principal,
      reads,
      tracking,
      allow: async (operation) => links.within(operation, async (link) => link.gate.allow(principal, { operation })),
      deadLetters: this.deadLetters(principal),
      subjects: this.subjects(principal),
      audit: this.audit(principal),
      stats: () =>
        links.within('getStats', (link) =>
          link.gate.read(principal, { operation: 'stats.read' }, async () => ({ answer: await readServiceStats(config, link), told: { count: 1, subjects: [] } })),
        ),
    };
  }
}
