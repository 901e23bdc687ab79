import { randomBytes } from 'node:crypto';

import { Command, InvalidArgumentError } from 'commander';

import { jobs } from '../../queues/jobs.js';
import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { countKeyUse } from '../rekeying/countKeyUse.js';
import { rekeyStore } from '../rekeying/rekeyStore.js';
import { readRekeyStatus, type RekeyReport, type RekeyWork } from '../rekeying/rekeyStatus.js';
import { retireKey } from '../rekeying/retireKey.js';
import { readScrubFindings, readScrubStatus } from '../rekeying/scrubStatus.js';
import { scrubStore } from '../rekeying/scrubStore.js';
import { addToKeyFile, putNextFirst } from '../security/keylist/addToKeyFile.js';
import { KEY_BYTES } from '../security/keylist/KeyList.js';
import { formatTable } from './formatTable.js';
import { createJoin, createSplit } from './keyShares.js';
import { openKeys } from './openKeys.js';
import { readReason, REASON_FROM_INPUT } from './readReason.js';
import { wrapEntry } from './wrapEntry.js';

const HELP = `
A rotation, step by step, is in docs/keys.md: a key is added (new), every process is started anew with it, and what is
stored is brought under it (rotate). Then the old key is noted as not needed (retire), and may be taken off the list.

Reads from the environment what the worker reads: REDIS_URL, REDIS_PREFIX, the keys.

Examples:
  npm run keys -- status
  npm run keys -- new --file /run/secrets/analytics-keys
  npm run keys -- rotate
  npm run keys -- retire 0123456789abcdef
  npm run keys -- split --shares 3 --threshold 2 --dir /media/shares`;

/** `keys`: rotates keys, and looks after what is sealed. */
export function createKeysCommand(): Command {
  return new Command('keys')
    .description('rotate keys, write what is stored anew, find what does not open, destroy keys of chunks')
    .addHelpText('after', HELP)
    .addCommand(createStatus())
    .addCommand(createNew())
    .addCommand(createPromote())
    .addCommand(createLasting())
    .addCommand(createRekey('rotate', 'wrap data keys and seal fields anew under the current key'))
    .addCommand(createRekey('reencrypt', 'write what is under older keys anew under new data keys: for when an older key got into the wrong hands'))
    .addCommand(createRetire())
    .addCommand(createScrub())
    .addCommand(createDestroy())
    .addCommand(createSplit())
    .addCommand(createJoin());
}

function createStatus(): Command {
  return new Command('status').description('list keys, what is under each, and how far a rotation and the scrubber have come').action(async () => {
    await using open = await openKeys(false);
    const uses = await countKeyUse(open);
    const rows = uses.map(({ publicId = '?', use, keyEncryptionId = '?', dataKeys, fields }) => [publicId, use, keyEncryptionId, String(dataKeys), String(fields)]);
    process.stdout.write(`${formatTable(['key', 'use', 'wraps as', 'data keys', 'fields'], rows, ['data keys', 'fields']).join('\n')}\n`);
    const rekey = await readRekeyStatus(open.redis, open.keys);
    if (rekey !== undefined) process.stdout.write(`${progressLine(rekey.report)}${rekey.report.isComplete ? '' : ' (not complete)'}\n`);
    const scrub = await readScrubStatus(open.redis, open.keys);
    if (scrub !== undefined) {
      const { chunks, found, position } = scrub.report;
      process.stdout.write(`scrub: ${chunks} chunks opened, ${found} do not open${position === null ? '' : ' (round under way)'}\n`);
    }
  });
}

function createNew(): Command {
  return new Command('new')
    .description('add a new key to a file with a list of keys: as the current one, or with --next as the next one')
    .requiredOption('--file <file>', 'the file, as ANALYTICS_ENCRYPTION_KEY_FILE names it; made when it is not there')
    .option('--next', 'opens only, until it is put first: while processes are started anew one after the other')
    .action(async ({ file, next }: { file: string; next?: true }) => {
      await addToKeyFile(file, await wrapEntry(next ? 'next' : 'key', randomBytes(KEY_BYTES)), next ? 'last' : 'first', `made ${new Date().toISOString().slice(0, 10)}`);
      process.stderr.write(`${file}: a new key, ${next ? 'to be put first once every process knows it' : 'the current one from the next start on'}.\n`);
    });
}

function createPromote(): Command {
  return new Command('promote')
    .description('put the next key of a file first: it seals from the next start on')
    .requiredOption('--file <file>', 'the file, as ANALYTICS_ENCRYPTION_KEY_FILE names it')
    .action(async ({ file }: { file: string }) => {
      await putNextFirst(file);
      process.stderr.write(`${file}: the next key is the current one from the next start on.\n`);
    });
}

function createLasting(): Command {
  return new Command('lasting')
    .description('add the keys that no rotation changes to a file with a list of keys, so that its oldest key can go')
    .requiredOption('--file <file>', 'the file, as ANALYTICS_ENCRYPTION_KEY_FILE names it')
    .action(async ({ file }: { file: string }) => {
      await using open = await openKeys();
      await open.record('keys.rotate', { reason: 'lasting' });
      await addToKeyFile(file, await wrapEntry('lasting', open.secrets.lastingKeys()), 'last', 'of pseudonyms and the audit log');
      process.stderr.write(`${file}: the lasting keys stand there now.\n`);
    });
}

function createRekey(work: RekeyWork, description: string): Command {
  return new Command(work)
    .description(description)
    .option('--in-service', 'leave it to the workers: a minute at once, the rest every ten minutes')
    .action(async ({ inService }: { inService?: true }) => {
      await using open = await openKeys();
      await open.record('keys.rotate', { reason: work });
      if (inService) {
        const place = queuePlaces(open.keys).maintenance;
        const queue = createQueue(place, open.redis);
        await queue.add(jobs.maintenance.rekey.name, { v: 1, work }, { attempts: 3, removeOnFail: { count: 10 } });
        await queue.close();
        process.stderr.write('The workers were told. "npm run keys -- status" says how far they are.\n');
        return;
      }
      const report = await rekeyStore(open, work, { onProgress: (soFar) => process.stderr.write(`\r${progressLine(soFar)} `) });
      process.stderr.write('\n');
      if (report.failed > 0) {
        process.stderr.write(`${report.failed} did not open and were left as they are: "npm run keys -- status" and "scrub" say more.\n`);
        process.exitCode = 1;
      }
    });
}

function progressLine({ work, dataKeys, rewrapped, fields, resealed, reencrypted, failed }: RekeyReport): string {
  return `${work}: ${dataKeys} data keys looked at, ${rewrapped} wrapped anew; ${fields} fields, ${resealed} sealed anew; ${reencrypted} chunks written anew; ${failed} did not open`;
}

function createRetire(): Command {
  return new Command('retire')
    .description('note that a key is needed no longer: processes start without it from then on')
    .argument('<key>', 'its id, as status shows it', parseKeyId)
    .option('--accept-loss', 'also where something is under it: for a key that is lost')
    .action(async (publicId: string, { acceptLoss }: { acceptLoss?: true }) => {
      await using open = await openKeys(false);
      await open.record('keys.retire', { reason: publicId });
      const { dataKeys, fields } = await retireKey(open, publicId, acceptLoss);
      process.stderr.write(`Processes start without key ${publicId} from now on. ${dataKeys} data keys and ${fields} fields are under it.\n`);
    });
}

function createScrub(): Command {
  return new Command('scrub').description('open everything that is stored, and print what does not open').action(async () => {
    await using open = await openKeys(false);
    await open.record('store.maintain', { reason: 'scrub' });
    // A round that is under way is completed first.
    if ((await scrubStore(open)).position !== null) await scrubStore(open);
    const findings = await readScrubFindings(open.redis, open.keys);
    for (const { series, chunkId, hour, code } of findings) process.stdout.write(`${series} ${chunkId} hour ${hour} ${code}\n`);
    process.stderr.write(`${(await readScrubStatus(open.redis, open.keys))?.report.chunks ?? 0} chunks opened, ${findings.length} do not open.\n`);
    if (findings.length > 0) process.exitCode = 1;
  });
}

function createDestroy(): Command {
  return new Command('destroy')
    .description('destroy the data keys of chunks: what they hold cannot be opened by anybody from then on, in no copy')
    .argument('<series>', 'an event type, or "metric:" and the name of a metric as it stands in keys')
    .argument('<chunks...>', 'ids of chunks, hex, as scrub prints them', (text: string, before: readonly Buffer[] | undefined) => [...(before ?? []), parseChunkId(text)])
    .requiredOption('--reason <reason>', `why; it is recorded; ${REASON_FROM_INPUT}`)
    .requiredOption('--yes', 'that it cannot be undone')
    .action(async (name: string, chunkIds: readonly Buffer[], { reason: given }: { reason: string }) => {
      const reason = await readReason(given);
      await using open = await openKeys();
      const series = name.startsWith('metric:') ? open.keys.metric(name.slice('metric:'.length)) : open.keys.event(name);
      await open.record('keys.destroy', { series: name, count: chunkIds.length, reason });
      const destroyed = await open.secrets.dataKeys.destroy(open.redis, series, chunkIds);
      await open.secrets.dataKeys.rewriteLog(open.redis);
      process.stderr.write(`${destroyed} of ${chunkIds.length} keys were there and are destroyed; Redis writes its append-only file anew.\n`);
      if (destroyed === 0) process.exitCode = 1;
    });
}

function parseKeyId(text: string): string {
  if (!/^[0-9a-f]{16}$/.test(text)) throw new InvalidArgumentError('It has 16 hex digits.');
  return text;
}

function parseChunkId(text: string): Buffer {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new InvalidArgumentError('It has 32 hex digits.');
  return Buffer.from(text, 'hex');
}
