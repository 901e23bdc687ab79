import type { VerifyReport } from '../verify/Finding.js';
import type { AuditExportFormat, AuditListOptions, AuditStreamOptions, SeenByOptions, WhoSawOptions } from './auditOptions.js';
import type { AuditPage } from './searchAudit.js';
import type { FoundRecord } from './searchChain.js';

/**
 * The audit log, as somebody asks it. What a call gives is recorded before it is given (`audit.read`, `audit.export`, `audit.verify`).
 * A call takes as long as there is something to look at: the deadline does not bound it.
 *
 * All throw AccessError, recorded; AuditError when they cannot be recorded; ValidationError naming every bad option;
 * AnalyticsError `STORE_INCONSISTENT`, which names the record, where one does not open or is missing: none is ever left out.
 */
export interface AuditQueries {
  /** Who asked for data of this person, or was refused it: a page of 100, at most 1,000, earliest first. `disclosures`: only what 164.528 has accounted for. */
  whoSaw(options: WhoSawOptions): Promise<AuditPage>;
  /** What somebody did, or was refused: a subject, or a token, API key or emergency by its id. */
  seenBy(options: SeenByOptions): Promise<AuditPage>;
  /** Everything, or what passes all that is given. */
  list(options?: AuditListOptions): Promise<AuditPage>;
  /** The same, all of it, for `for await`: chain by chain, up to what was recorded when it began; 1,000 are in memory, and recorded, at a time. */
  stream(options?: AuditStreamOptions): AsyncGenerator<FoundRecord, void, undefined>;
  /** Every record as a line: as it was hashed, or as an AuditEvent of FHIR R4. */
  export(format: AuditExportFormat): AsyncGenerator<string, void, undefined>;
  /** Whether the log is whole. @param options `folders`: where checkpoints are; default: the configured one */
  verify(options?: { readonly folders?: readonly string[] | undefined; readonly onProgress?: ((done: number, total: number) => void) | undefined }): Promise<VerifyReport>;
  /** What stands for these persons in records, in their order; at most 10,000. */
  pseudonyms(userIds: readonly string[]): Promise<string[]>;
}
