import type { AuditOutcome } from '../AuditLog.js';
import type { FoundRecord } from '../queries/searchChain.js';

const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
const BALP = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit';
const TERMS = 'http://terminology.hl7.org/CodeSystem';

/** Of http://terminology.hl7.org/CodeSystem/v3-ActReason. */
const reasons: Readonly<Record<string, string>> = {
  treatment: 'TREAT',
  operations: 'HOPERAT',
  payment: 'HPAYMT',
  research: 'HRESCH',
  'subject-request': 'PATRQT',
  emergency: 'ETREAT',
  audit: 'HCOMPL',
  application: 'HSYSADMIN',
};
const outcomes: Readonly<Record<AuditOutcome, string>> = { allowed: '0', denied: '4', failed: '8' };

type Json = Readonly<Record<string, unknown>>;

/**
 * A record as an AuditEvent of FHIR R4. One that fits a pattern of IHE BALP (a read that was allowed, about one person or
 * none, with its origin) names its profile. Persons are pseudonyms, as in the log.
 */
export function toFhir(record: FoundRecord): Json {
  const { actor, at, chain, count, operation, origin, outcome, purpose, reason, seq, series, subjects = [] } = record;
  const action = actionOf(operation);
  const profile = profileOf(record, action);
  const code = reasons[purpose];
  return {
    resourceType: 'AuditEvent',
    // An id of FHIR has no "_".
    id: `${Buffer.from(chain, 'base64url').toString('hex')}-${seq}`,
    ...(profile !== undefined && { meta: { profile: [profile] } }),
    type: typeOf(operation),
    subtype: [
      ...(action === 'R' ? [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'read', display: 'read' }] : []),
      { system: 'urn:analytics-service:operation', code: operation },
    ],
    action,
    recorded: new Date(at).toISOString(),
    outcome: outcomes[outcome],
    ...(outcome !== 'allowed' && { outcomeDesc: reason ?? outcome }),
    purposeOfEvent: [{ ...(code !== undefined && { coding: [{ system: `${TERMS}/v3-ActReason`, code }] }), text: purpose }],
    agent: [
      {
        type: { coding: [{ system: `${TERMS}/v3-ParticipationType`, code: 'IRCP', display: 'information recipient' }] },
        role: actor.roles.map((role) => ({ text: role })),
        who: { identifier: { system: 'urn:analytics-service:subject', value: actor.subject }, display: actor.via },
        requestor: true,
      },
      {
        type: { coding: [{ system: DICOM, code: '110152', display: 'Destination Role ID' }] },
        who: { display: actor.via },
        requestor: false,
        ...(origin !== undefined && { network: { address: origin, type: '5' } }),
      },
      { type: { coding: [{ system: DICOM, code: '110153', display: 'Source Role ID' }] }, who: { display: 'analytics-service' }, requestor: false, network: { address: 'analytics-service', type: '1' } },
    ],
    source: { observer: { display: 'analytics-service' }, type: [{ system: `${TERMS}/security-source-type`, code: '4', display: 'Application Server' }] },
    entity: [
      ...subjects.map((subject) => ({
        what: { type: 'Patient', identifier: { system: 'urn:analytics-service:pseudonym', value: subject } },
        type: { system: `${TERMS}/audit-entity-type`, code: '1', display: 'Person' },
        role: { system: `${TERMS}/object-role`, code: '1', display: 'Patient' },
      })),
      {
        what: { identifier: { system: 'urn:analytics-service:series', value: series ?? 'all' } },
        type: { system: `${TERMS}/audit-entity-type`, code: '2', display: 'System Object' },
        role: { system: `${TERMS}/object-role`, code: '4', display: 'Domain Resource' },
        ...detailOf(count, outcome === 'allowed' ? reason : undefined),
      },
    ],
  };
}

function detailOf(count: number | undefined, reason: string | undefined): Json {
  const detail = [
    ...(count === undefined ? [] : [{ type: 'count', valueString: String(count) }]),
    ...(reason === undefined ? [] : [{ type: 'reason', valueString: reason }]),
  ];
  return detail.length === 0 ? {} : { detail };
}

/** Create, read, update, delete, execute. */
function actionOf(operation: string): string {
  if (/\.(read|count|list|inspect|view|stream|export)$/.test(operation)) return 'R';
  if (/\.(erase|drop|trim)$/.test(operation)) return 'D';
  if (/\.(track|create)$/.test(operation)) return 'C';
  return /\.(change|retry|rotate|update)$/.test(operation) ? 'U' : 'E';
}

function typeOf(operation: string): Json {
  if (operation.startsWith('signin')) return { system: DICOM, code: '110114', display: 'User Authentication' };
  if (operation.startsWith('audit.')) return { system: DICOM, code: '110101', display: 'Audit Log Used' };
  if (operation.includes('export')) return { system: DICOM, code: '110106', display: 'Export' };
  return { system: `${TERMS}/audit-event-type`, code: 'rest', display: 'RESTful Operation' };
}

function profileOf({ operation, outcome, origin, subjects = [] }: FoundRecord, action: string): string | undefined {
  if (action !== 'R' || outcome !== 'allowed' || origin === undefined || typeOf(operation)['code'] !== 'rest' || subjects.length > 1) return undefined;
  return subjects.length === 1 ? `${BALP}.PatientRead` : `${BALP}.Read`;
}
