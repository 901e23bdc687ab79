import { parseOptions } from '../../queries/parseOptions.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import { canonicalText } from '../AuditRecord.js';
import type { ChainSource } from '../chain/ChainSource.js';
import { walkChain } from '../chain/walkChain.js';
import { toFhir } from '../export/toFhir.js';
import { verifyAudit, type VerifyOptions } from '../verify/verifyAudit.js';
import type { VerifyReport } from '../verify/Finding.js';
import type { AuditFilter } from './AuditFilter.js';
import {
  allowedIn,
  exportSchema,
  listSchema,
  pseudonymsSchema,
  seenBySchema,
  streamSchema,
  whoSawSchema,
  type AuditExportFormat,
  type AuditListOptions,
  type AuditStreamOptions,
  type SeenByOptions,
  type WhoSawOptions,
} from './auditOptions.js';
import { searchAudit, streamAudit, type AuditPage } from './searchAudit.js';
import type { FoundRecord } from './searchChain.js';

const QUERY = 'query of the audit log';

/** Reads the audit log. Whoever gives out what it finds records that first. */
export class AuditReader {
  readonly #source: ChainSource;
  readonly #secrets: AuditKeys;
  readonly #folders: readonly string[];

  /** @param options `folders`: where checkpoints are */
  constructor({ source, secrets, folders }: { readonly source: ChainSource; readonly secrets: AuditKeys; readonly folders: readonly string[] }) {
    this.#source = source;
    this.#secrets = secrets;
    this.#folders = folders;
  }

  /** Who asked for data of this person, or was refused it. @throws ValidationError; BrokenChainError */
  async whoSaw(options: WhoSawOptions): Promise<AuditPage> {
    const { disclosures, ...rest } = parseOptions(QUERY, whoSawSchema, options, allowedIn(whoSawSchema));
    return this.#search({ ...rest, isDisclosure: disclosures });
  }

  /** What somebody did, or was refused: a subject, or a token, API key or emergency by its id. @throws as `whoSaw` */
  async seenBy(options: SeenByOptions): Promise<AuditPage> {
    return this.#search(parseOptions(QUERY, seenBySchema, options, allowedIn(seenBySchema)));
  }

  /** Everything that was recorded, or what passes all that is given. @throws as `whoSaw` */
  async list(options: AuditListOptions = {}): Promise<AuditPage> {
    return this.#search(parseOptions(QUERY, listSchema, options, allowedIn(listSchema)));
  }

  /** The same, all of it that was there when it began, chain by chain in one pass. @throws as `whoSaw`, when the first is asked for */
  async *stream(options: AuditStreamOptions = {}): AsyncGenerator<FoundRecord> {
    const { disclosures, ...filter } = parseOptions(QUERY, streamSchema, options, allowedIn(streamSchema));
    yield* streamAudit({ source: this.#source, secrets: this.#secrets, filter: { ...filter, isDisclosure: disclosures } });
  }

  /**
   * Every record, chain by chain, a line for each. `ndjson`: the very bytes whose SHA-256 the next record names; `fhir`:
   * AuditEvents. @throws ValidationError; BrokenChainError
   */
  async *export(given: AuditExportFormat): AsyncGenerator<string> {
    const { format } = parseOptions('export of the audit log', exportSchema, { format: given }, allowedIn(exportSchema));
    for (const chain of [...(await this.#source.heads()).keys()].sort()) {
      for await (const { record } of walkChain(this.#source, this.#secrets, chain)) {
        yield format === 'ndjson' ? canonicalText(record) : JSON.stringify(toFhir(record));
      }
    }
  }

  async verify({ onProgress, folders = this.#folders }: Partial<Pick<VerifyOptions, 'onProgress' | 'folders'>> = {}): Promise<VerifyReport> {
    return verifyAudit({ source: this.#source, secrets: this.#secrets, folders, ...(onProgress !== undefined && { onProgress }) });
  }

  /** What stands for a person in the log. */
  pseudonym(userId: string): string {
    return this.#secrets.pseudonymText(userId);
  }

  /** What stands for each of these persons. @throws ValidationError */
  pseudonyms(given: readonly string[]): string[] {
    const { userIds } = parseOptions(QUERY, pseudonymsSchema, { userIds: given }, allowedIn(pseudonymsSchema));
    return userIds.map((userId) => this.pseudonym(userId));
  }

  async #search({ limit, cursor, ...filter }: AuditFilter & { readonly limit: number; readonly cursor?: string | undefined }): Promise<AuditPage> {
    return searchAudit({ source: this.#source, secrets: this.#secrets, filter, limit, cursor });
  }
}
