import type { AccessGate, AccessRequest } from '../../../access/AccessGate.js';
import type { Principal } from '../../../access/Principal.js';
import { redisSource } from '../../../audit/chain/ChainSource.js';
import { auditFolder } from '../../../audit/openAuditLog.js';
import type { AuditQueries } from '../../../audit/queries/AuditQueries.js';
import { AuditReader } from '../../../audit/queries/AuditReader.js';
import type { AuditPage } from '../../../audit/queries/searchAudit.js';
import type { FoundRecord } from '../../../audit/queries/searchChain.js';
import type { Config } from '../../../config/parseConfig.js';
import { KeyError } from '../../../errors/KeyError.js';
import type { LinkKeeper } from './LinkKeeper.js';
import type { ServiceLink } from './ServiceLink.js';
import { typedFailure } from './typedFailure.js';

export interface ServiceAuditOptions {
  readonly config: Config;
  readonly links: LinkKeeper;
  readonly principal: Principal;
}

/** Records of a stream that are given out, and recorded, together. */
const STREAM_PAGE = 1000;

interface Asked {
  readonly userId?: string | undefined;
  readonly actor?: string | undefined;
}

/** The audit log as a service lets one actor, or the application, ask it. Not bounded by the deadline: see `AuditQueries`. */
export function serviceAudit({ config, links, principal }: ServiceAuditOptions): AuditQueries {
  const open = async (name: string): Promise<{ readonly reader: AuditReader; readonly gate: AccessGate }> => {
    const link = await links.checked(`audit.${name}`);
    return { reader: readerOf(config, link), gate: link.gate };
  };
  const typed = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw typedFailure(error);
    }
  };
  const page = <Options extends Asked>(name: string, options: Options, work: (reader: AuditReader, options: Options) => Promise<AuditPage>): Promise<AuditPage> =>
    typed(async () => {
      const { reader, gate } = await open(name);
      return gate.read(principal, requestOf(options), async () => {
        const answer = await work(reader, options);
        return { answer, told: { count: answer.records.length, subjects: personsOf(options) } };
      });
    });

  return {
    whoSaw: (options) => page('whoSaw', options, (reader, given) => reader.whoSaw(given)),
    seenBy: (options) => page('seenBy', options, (reader, given) => reader.seenBy(given)),
    list: (options = {}) => page('list', options, (reader, given) => reader.list(given)),
    async *stream(options = {}) {
      const { reader, gate } = await typed(() => open('stream'));
      const records = reader.stream(options);
      for (let isMore = true; isMore; ) {
        const found = await typed(() =>
          gate.read(principal, requestOf(options), async () => {
            const answer = await take(records, STREAM_PAGE);
            return { answer, told: { count: answer.length, subjects: personsOf(options) } };
          }),
        );
        yield* found;
        isMore = found.length === STREAM_PAGE;
      }
    },
    async *export(format) {
      const { reader, gate } = await typed(() => open('export'));
      const lines = reader.export(format);
      // A bad format is refused before anything is recorded; how many lines there will be is not known.
      const first = await typed(() => gate.act(principal, { operation: 'audit.export', reason: format === 'fhir' ? 'fhir' : 'ndjson' }, () => lines.next()));
      for (let line = first; line.done !== true; line = await typed(() => lines.next())) yield line.value;
    },
    verify: (options = {}) =>
      typed(async () => {
        const { reader, gate } = await open('verify');
        const { folders, onProgress } = options;
        return gate.read(principal, { operation: 'audit.verify' }, async () => {
          const answer = await reader.verify({ ...(folders !== undefined && { folders }), ...(onProgress !== undefined && { onProgress }) });
          return { answer, told: { count: answer.records, subjects: [] } };
        });
      }),
    pseudonyms: (userIds) =>
      typed(async () => {
        const { reader, gate } = await open('pseudonyms');
        return gate.read(principal, { operation: 'audit.read', reason: 'pseudonyms' }, async () => {
          const answer = reader.pseudonyms(userIds);
          return { answer, told: { count: answer.length, subjects: userIds } };
        });
      }),
  };
}

/** @throws KeyError `KEY_UNAVAILABLE` in a process that only holds the public key */
function readerOf(config: Config, { redis, keys, keyRing }: ServiceLink): AuditReader {
  const secrets = keyRing.reading?.audit;
  if (secrets === undefined) throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot read the audit log. Set ANALYTICS_ENCRYPTION_KEY.');
  return new AuditReader({ source: redisSource(redis, keys.audit), secrets, folders: [auditFolder(config)] });
}

/** Options are checked behind it, so what stands in them may be anything until then. */
function requestOf(options: Asked): AccessRequest {
  const actor: unknown = Object(options).actor;
  return { operation: 'audit.read', ...(typeof actor === 'string' && { reason: `seen by ${actor}` }), subjects: personsOf(options) };
}

function personsOf(options: Asked): readonly string[] {
  const userId: unknown = Object(options).userId;
  return typeof userId === 'string' ? [userId] : [];
}

async function take(records: AsyncGenerator<FoundRecord>, most: number): Promise<FoundRecord[]> {
  const taken: FoundRecord[] = [];
  while (taken.length < most) {
    const next = await records.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}
