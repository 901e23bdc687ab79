import { readFile } from 'node:fs/promises';

import { Command } from 'commander';

import { commandPrincipal } from '../access/commandPrincipal.js';
import { countEmergencies, Emergencies, newEmergencySecret, type Emergency } from '../access/emergency/Emergencies.js';
import { parseConfig } from '../config/parseConfig.js';
import { AccessError } from '../errors/AccessError.js';
import { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import { formatTable } from './formatTable.js';
import { withAccess, type AccessTools } from './withAccess.js';

const HELP = `
Somebody who treats a patient and whose roles do not reach the patient's data opens it with service.emergency({ … }), a
reason and the second secret, for an hour at most. It is recorded, alarmed about in the log of the processes that schedule
and in /metrics, and everything read is marked with its id.

Examples:
  npm run -s emergency -- secret                          # prints a secret to be locked away, and what to configure of it
  npm run -s emergency -- list
  npm run -s emergency -- end 5f1c0a9be2d34478
  npm run -s emergency -- drill --secret-file envelope`;

/** `emergency`: makes the second secret, lists and ends what goes on, and rehearses it. */
export function createEmergencyCommand(): Command {
  return new Command('emergency')
    .description('break-glass access: make its secret, list, end or rehearse it')
    .addHelpText('after', HELP)
    .addCommand(createSecret())
    .addCommand(createList())
    .addCommand(createEnd())
    .addCommand(createDrill());
}

function createSecret(): Command {
  return new Command('secret').description('make a second secret; it is printed once and kept nowhere').action(() => {
    const { secret, hash } = newEmergencySecret();
    process.stdout.write(`Lock this away, for those who may need it:\n${secret}\n\nSet this for every process that answers them:\nANALYTICS_EMERGENCY_HASH=${hash}\n`);
  });
}

function createList(): Command {
  return new Command('list').description('list those of the last 30 days, latest first').action(async () => {
    await withAccess(async (tools) => {
      await tools.gate.act(commandPrincipal(), { operation: 'emergency.list' }, async () => {
        const { kept, broken } = await open(tools).list();
        process.stdout.write(kept.length === 0 ? 'There are none.\n' : `${formatTable(['id', 'state', 'opened', 'ends', 'who', 'why'], kept.map(rowOf)).join('\n')}\n`);
        if (broken.length > 0) process.stdout.write(`Changed by somebody, or sealed under another key: ${broken.length} do not open.\n`);
      });
    });
  });
}

function createEnd(): Command {
  return new Command('end')
    .description('end one before its time')
    .argument('<id>', 'as list shows it')
    .action(async (id: string) => {
      await withAccess(async (tools) => {
        const principal = commandPrincipal();
        await tools.gate.act(principal, { operation: 'emergency.end', reason: id }, async () => open(tools).end(id, principal.actor.subject));
      });
      process.stdout.write('Ended.\n');
    });
}

function createDrill(): Command {
  return new Command('drill')
    .description('rehearse it, on nobody’s data: open, read, see it counted, end, be refused')
    .requiredOption('--secret-file <file>', 'the file with the second secret')
    .action(async ({ secretFile }: { secretFile: string }) => {
      const secret = (await readFile(secretFile, 'utf8')).trim();
      const say = (done: string): void => void process.stdout.write(`ok  ${done}\n`);
      await using service = new AnalyticsService();
      const { subject } = commandPrincipal().actor;
      const access = await service.emergency({ subject, patients: ['drill'], reason: 'A drill: nobody is in danger.', secret, minutes: 1, isDrill: true });
      say(`opened as ${access.id}; processes that schedule write an ALARM line within 2 s`);
      const [type] = ['custom'] as const;
      await access.getEvents({ type, limit: 1 });
      say('what was read is recorded');
      await withAccess(async ({ redis, keys }) => {
        if ((await countEmergencies(redis, keys)) === 0) throw new Error('It is not counted: /metrics would not show it.');
      });
      say('/metrics counts it as emergency_sessions');
      await access.end();
      const refused = await access.getEvents({ type, limit: 1 }).catch((error: unknown) => error);
      if (!(refused instanceof AccessError) || refused.reason !== 'ended') throw new Error('It did not end: data could still be read.');
      say('ended; reading is refused');
    });
}

function open({ redis, keys, reading }: AccessTools): Emergencies {
  return new Emergencies({ redis, keys, fields: reading.fields, secretHash: parseConfig().ANALYTICS_EMERGENCY_HASH });
}

function rowOf({ id, startedAt, endsAt, subject, reason, isDrill, endedBy }: Emergency): string[] {
  const state = endsAt > Date.now() ? 'OPEN' : endedBy === undefined ? 'over' : 'ended';
  return [id, isDrill ? `${state}, a drill` : state, timeOf(startedAt), timeOf(endsAt), subject, reason.replaceAll(/\s+/g, ' ')];
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
