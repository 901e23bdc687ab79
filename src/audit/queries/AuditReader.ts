import { z } from 'zod';

import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import { parseOptions } from '../../queries/parseOptions.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import { canonicalText } from '../AuditRecord.js';
import type { ChainSource } from '../chain/ChainSource.js';
import { walkChain } from '../chain/walkChain.js';
import { toFhir } from '../export/toFhir.js';
import { verifyAudit, type VerifyOptions } from '../verify/verifyAudit.js';
import type { VerifyReport } from '../verify/Finding.js';
import type { AuditFilter } from './AuditFilter.js';
import { searchAudit, type AuditPage } from './searchAudit.js';

const page = {
  from: z.number().int().optional(),
  to: z.number().int().optional(),
  operation: z.string().min(1).max(128).optional(),
  outcome: z.enum(['allowed', 'denied', 'failed']).optional(),
  origin: z.string().min(1).max(256).optional(),
  limit: z.number().int().min(1).max(limits.listSize).default(100),
  cursor: z
    .string()
    .regex(/^\d{1,15}~\d{1,15}~[\w-]{1,64}$/)
    .optional(),
};
const name = textSchema(limits.subjectLength);
const whoSawSchema = z.strictObject({ ...page, userId: name, disclosures: z.boolean().default(false) });
const seenBySchema = z.strictObject({ ...page, actor: name });
const listSchema = z.strictObject(page);

const ALLOWED = {
  userId: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  actor: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  disclosures: 'true or false',
  from: 'a time in ms since 1970',
  to: 'a time in ms since 1970',
  operation: 'the name of an operation, such as events.read',
  outcome: 'allowed, denied or failed',
  origin: 'where it came from, as it was recorded: up to 256 characters',
  limit: `a whole number from 1 to ${limits.listSize}`,
  cursor: 'the cursor of a page before',
} as const;

const allowedIn = (schema: z.ZodObject): Record<string, string> => Object.fromEntries(Object.entries(ALLOWED).filter(([field]) => field in schema.shape));

export type WhoSawOptions = z.input<typeof whoSawSchema>;
export type SeenByOptions = z.input<typeof seenBySchema>;
export type AuditListOptions = z.input<typeof listSchema>;

export type AuditExportFormat = 'ndjson' | 'fhir';

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
    const { disclosures, ...rest } = parseOptions('query of the audit log', whoSawSchema, options, allowedIn(whoSawSchema));
    return this.#search({ ...rest, isDisclosure: disclosures });
  }

  /** What somebody did, or was refused: a subject, or an API key by its id. @throws as `whoSaw` */
  async seenBy(options: SeenByOptions): Promise<AuditPage> {
    return this.#search(parseOptions('query of the audit log', seenBySchema, options, allowedIn(seenBySchema)));
  }

  /** Everything that was recorded. @throws as `whoSaw` */
  async list(options: AuditListOptions = {}): Promise<AuditPage> {
    return this.#search(parseOptions('query of the audit log', listSchema, options, allowedIn(listSchema)));
  }

  /**
   * Every record, chain by chain, a line for each. `ndjson`: the very bytes whose SHA-256 the next record names; `fhir`:
   * AuditEvents. @throws BrokenChainError
   */
  async *export(format: AuditExportFormat): AsyncGenerator<string> {
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

  async #search({ limit, cursor, ...filter }: SearchOptions): Promise<AuditPage> {
    return searchAudit({ source: this.#source, secrets: this.#secrets, filter: defined(filter), limit, cursor });
  }
}

type SearchOptions = { readonly [Name in keyof AuditFilter]?: AuditFilter[Name] | undefined } & { readonly limit: number; readonly cursor?: string | undefined };

/** Without what is undefined. */
function defined(filter: { readonly [Name in keyof AuditFilter]?: AuditFilter[Name] | undefined }): AuditFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
