import type { AuditKeys } from '../../security/AuditKeys.js';
import { FIRST_PREVIOUS } from '../AuditRecord.js';
import { NO_HEAD, type ChainHead } from '../chain/ChainHead.js';
import type { ChainSource } from '../chain/ChainSource.js';
import { BrokenChainError, walkChain, type WalkFault } from '../chain/walkChain.js';
import { Anchors } from './Anchors.js';
import type { Finding, VerifyReport } from './Finding.js';
import { readCheckpoints, type Checkpoints } from './readCheckpoints.js';

export interface VerifyOptions {
  readonly source: ChainSource;
  readonly secrets: AuditKeys;
  /** Folders of checkpoints: those of every host. */
  readonly folders: readonly string[];
  /** Told from time to time how many of how many records were looked at. */
  readonly onProgress?: (done: number, total: number) => void;
}

const PROGRESS_EVERY = 5000;

const problems: Readonly<Record<WalkFault, string>> = {
  unreadable: 'does not open: it was changed, moved, or put there by somebody else',
  missing: 'is not there',
  'out of place': 'is not there; an earlier one stands in its place',
  unlinked: 'does not follow the record that stands before it',
};

/** Checks every record of every chain against its hashes and against what was signed. Nothing is changed. @throws what Redis or the file system says */
export async function verifyAudit({ source, secrets, folders, onProgress }: VerifyOptions): Promise<VerifyReport> {
  // Signatures first: what is signed meanwhile may be of records that are read too early.
  const checkpoints = await readCheckpoints(folders, secrets);
  return verifyChains({ source, secrets, checkpoints, ...(onProgress !== undefined && { onProgress }) });
}

/** The same with checkpoints that were read before. */
export async function verifyChains({
  source,
  secrets,
  checkpoints,
  onProgress,
}: Pick<VerifyOptions, 'source' | 'secrets' | 'onProgress'> & { readonly checkpoints: Checkpoints }): Promise<VerifyReport> {
  const heads = await source.heads();
  const chains = [...new Set([...heads.keys(), ...checkpoints.anchors.keys()])].sort();
  const total = [...heads.values()].reduce((sum, { seq }) => sum + seq, 0);
  const findings: Finding[] = [...checkpoints.findings];
  let records = 0;
  let unsigned = 0;
  const step = (): void => {
    records += 1;
    if (records % PROGRESS_EVERY === 0) onProgress?.(records, total);
  };
  for (const chain of chains) {
    const anchors = checkpoints.anchors.get(chain) ?? new Anchors();
    const { end, problem } = await verifyChain({ source, secrets, chain, head: heads.get(chain) ?? NO_HEAD, anchors, step });
    unsigned += Math.max(0, end - anchors.furthest);
    if (problem !== undefined) findings.push({ kind: 'record', chain, seq: end + 1, problem });
  }
  onProgress?.(records, total);
  return { findings, chains: chains.length, records, unsigned, statements: checkpoints.statements };
}

interface ChainOptions {
  readonly source: ChainSource;
  readonly secrets: AuditKeys;
  readonly chain: string;
  readonly head: ChainHead;
  readonly anchors: Anchors;
  readonly step: () => void;
}

/** @returns the last record that is good, and what is wrong with the one behind it */
async function verifyChain({ source, secrets, chain, head, anchors, step }: ChainOptions): Promise<{ end: number; problem?: string }> {
  let end = 0;
  let last = FIRST_PREVIOUS;
  let isFirst = true;
  const agrees = anchors.createCheck();
  try {
    for await (const { record, hash } of walkChain(source, secrets, chain)) {
      if (isFirst && record.seq > 1) {
        if (!anchors.allowsStart(record.seq - 1, record.previous)) return { end: anchors.trimmedTo, problem: 'is not there, and nobody signed that it was removed for its age' };
      }
      isFirst = false;
      if (!agrees(record.seq, hash)) return { end: record.seq - 1, problem: 'is not the record that was signed' };
      end = record.seq;
      last = hash;
      step();
      if (end === head.seq && last !== head.hash) return { end: end - 1, problem: 'is not the record that its writer appended' };
    }
  } catch (error) {
    if (!(error instanceof BrokenChainError)) throw error;
    return { end: error.seq - 1, problem: problems[error.fault] };
  }
  if (end < head.seq) return { end, problem: `is not there: the chain had ${head.seq}` };
  if (end < anchors.furthest) return { end, problem: `is not there: the chain had ${anchors.furthest}, as was signed` };
  // What was appended since the heads were read is past them, and not past where they are now.
  const now = end > head.seq ? ((await source.heads()).get(chain) ?? NO_HEAD) : head;
  return now.seq < end ? { end: now.seq, problem: 'is past where its writer left the chain' } : { end };
}
