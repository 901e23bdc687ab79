import type { AccessGate } from '../../../access/AccessGate.js';
import { Emergencies, type Emergency } from '../../../access/emergency/Emergencies.js';
import { EMERGENCY_ALLOWED, emergencyRequestSchema, type EmergencyRequest } from '../../../access/emergency/EmergencyRequest.js';
import type { Principal } from '../../../access/Principal.js';
import type { Config } from '../../../config/parseConfig.js';
import { dataLabels } from '../../../contract/dataClasses.js';
import { AccessError } from '../../../errors/AccessError.js';
import { KeyError } from '../../../errors/KeyError.js';
import { parseOptions } from '../../../queries/parseOptions.js';
import type { ServiceLink } from './ServiceLink.js';

/** @throws KeyError `KEY_UNAVAILABLE` in a process that only holds the public key */
export function emergenciesOf(config: Pick<Config, 'ANALYTICS_EMERGENCY_HASH'>, { redis, keys, keyRing }: ServiceLink): Emergencies {
  const fields = keyRing.reading?.fields;
  if (fields === undefined) throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot read, in an emergency either.');
  return new Emergencies({ redis, keys, fields, secretHash: config.ANALYTICS_EMERGENCY_HASH });
}

/**
 * Checks the second secret, records who it is and why, and opens the access: a clinician whose panel are the patients that were
 * named, and who may see what laws of their own protect (42 CFR 2.51).
 * @throws AccessError, recorded; ValidationError, with no word of what was given
 */
export async function openEmergency(
  request: EmergencyRequest,
  within: <T>(work: (gate: AccessGate, emergencies: Emergencies) => Promise<T>) => Promise<T>,
): Promise<{ readonly emergency: Emergency; readonly principal: Principal }> {
  const parsed = parseOptions('emergency access', emergencyRequestSchema, request, EMERGENCY_ALLOWED);
  const { subject, patients, reason, origin, secret } = parsed;
  const actor = {
    subject,
    roles: ['clinician'] as const,
    purpose: 'emergency' as const,
    panel: patients,
    labels: [...dataLabels],
    ...(origin !== undefined && { origin }),
  };
  const asked: Principal = { actor, via: 'sdk' };
  const emergency = await within(async (gate, emergencies) => {
    try {
      emergencies.checkSecret(secret);
    } catch (error) {
      if (error instanceof AccessError) await gate.denied(asked, { operation: 'emergency.begin', subjects: patients, reason: error.reason });
      throw error;
    }
    return gate.act(asked, { operation: 'emergency.begin', subjects: patients, reason }, async () => emergencies.begin(parsed));
  });
  const check = async (): Promise<void> => within(async (_gate, emergencies) => emergencies.check(emergency.id));
  return { emergency, principal: { actor, via: `emergency:${emergency.id}`, check } };
}
