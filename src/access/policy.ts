import type { Operation, Purpose, Role } from '../contract/access.js';
import type { DataClass } from '../contract/dataClasses.js';

/** Whose data a role reaches by an operation; `all` also where there is no owner. */
export type Reach = 'own' | 'panel' | 'all';

/**
 * Who may do what. What is not in here is refused. Whoever adds an operation adds its row; the table in docs/access.md is
 * the same, and a test compares them.
 */
export const policy: Readonly<Record<Operation, Readonly<Partial<Record<Role, Reach>>>>> = {
  'events.track': { ingest: 'all', admin: 'all' },
  'metrics.track': { ingest: 'all', admin: 'all' },
  'events.read': { self: 'own', clinician: 'panel', analyst: 'all', admin: 'all' },
  'events.count': { self: 'own', clinician: 'panel', analyst: 'all', admin: 'all' },
  // A distinct count cannot be cut to some users: it is kept as a sketch of all.
  'users.count': { analyst: 'all', admin: 'all' },
  'backup.take': { operator: 'all', admin: 'all' },
  'backup.restore': { operator: 'all', admin: 'all' },
  // Erasures leave that copy as it is from then on.
  'backup.forget': { admin: 'all' },
  'export.deidentified': { analyst: 'all', admin: 'all' },
  'metrics.read': { analyst: 'all', operator: 'all', admin: 'all' },
  'stats.read': { auditor: 'all', operator: 'all', admin: 'all', viewer: 'all' },
  'queues.view': { operator: 'all', admin: 'all', viewer: 'all' },
  'queues.change': { operator: 'all', admin: 'all' },
  'deadletters.list': { operator: 'all', admin: 'all', viewer: 'all' },
  'deadletters.inspect': { admin: 'all' },
  'deadletters.change': { operator: 'all', admin: 'all' },
  'subjects.export': { self: 'own', admin: 'all' },
  'subjects.amend': { admin: 'all' },
  'subjects.erase': { admin: 'all' },
  'subjects.hold': { admin: 'all' },
  'subjects.read': { auditor: 'all', admin: 'all' },
  'keys.rotate': { operator: 'all', admin: 'all' },
  'keys.retire': { admin: 'all' },
  'keys.destroy': { admin: 'all' },
  'signin.board': { operator: 'all', admin: 'all', viewer: 'all' },
  // A socket carries the events of the user who signed in, and of nobody else.
  'signin.socket': { self: 'own' },
  // What somebody may do then, the other rows say.
  'signin.service': { ingest: 'all', self: 'all', clinician: 'all', analyst: 'all', auditor: 'all', operator: 'all', admin: 'all', viewer: 'all' },
  'tokens.revoke': { admin: 'all' },
  'apikeys.manage': { admin: 'all' },
  'signins.manage': { admin: 'all' },
  // With the second secret, and only for the patients that are named.
  'emergency.begin': { clinician: 'all', admin: 'all' },
  'emergency.end': { clinician: 'all', operator: 'all', admin: 'all' },
  'emergency.list': { auditor: 'all', operator: 'all', admin: 'all' },
  // Records name persons by pseudonyms, and staff by their subject: for those who look after both.
  'audit.read': { auditor: 'all', admin: 'all' },
  'audit.export': { auditor: 'all', admin: 'all' },
  // Tells whether the log is whole, and nothing of what is in it.
  'audit.verify': { auditor: 'all', operator: 'all', admin: 'all' },
  // Cleaning up, merging and scrubbing by hand; what the schedule does is the configuration's.
  'store.maintain': { operator: 'all', admin: 'all' },
};

/**
 * Roles that are shown who a person is, and what is known of them. The others see what is declared `public` or `internal`,
 * with neither ids nor exact times.
 */
export const identifyingRoles: ReadonlySet<Role> = new Set<Role>(['self', 'clinician', 'admin']);

/** Purposes for which nobody is shown more than what does not identify a person: minimum necessary, 45 CFR 164.502(b). */
export const deidentifiedPurposes: ReadonlySet<Purpose> = new Set<Purpose>(['research', 'audit']);

/** The classes of members that are shown where nobody may be identified. */
export const deidentifiedClasses: ReadonlySet<DataClass> = new Set<DataClass>(['public', 'internal']);

/** Counts below this are not told where nobody may be identified: of so few somebody might be recognised. */
export const LEAST_COUNT = 11;
