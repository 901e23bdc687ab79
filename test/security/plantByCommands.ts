import { join } from 'node:path';

import { openBackups } from '../../src/backup/openBackups.js';
import { EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { canaries, secrets } from './canaries.js';
import type { LeakScene } from './LeakScene.js';

/** Nobody else tracks it: the export is of these people. */
const EXPORTED = EventType.PERFORMANCE;
const PEOPLE = 14;

/**
 * What operators and other people of the house do: they open an emergency, hold data, make keys and tokens, back up, export
 * and look at dead letters.
 * @returns what was printed that is to tell of nobody
 */
export async function plantByCommands(scene: LeakScene): Promise<string> {
  // Code that reads the environment, as an application's would be.
  const before = { ...process.env };
  Object.assign(process.env, scene.env);
  try {
    const service = scene.service();
    const access = await service.emergency({ subject: canaries.tokenSubject, patients: [canaries.userId], reason: canaries.emergencyReason, secret: secrets.emergencySecret, minutes: 1 });
    await access.getEvents({ type: EventType.CUSTOM });
    await access.end();
    await scene.failing(async () => service.emergency({ subject: canaries.tokenSubject, patients: [canaries.userId], reason: canaries.emergencyReason, secret: canaries.signInText }));
    await service.subjects.hold(canaries.userId, { reason: canaries.holdReason });
    await scene.failing(async () => service.subjects.erase(canaries.userId, { mode: 'delete' }));
    await service.subjects.release(canaries.userId, { reason: canaries.holdReason });
    const clinician = service.as({ subject: canaries.tokenSubject, roles: ['clinician'], purpose: 'treatment', panel: [canaries.panelUserId] });
    await clinician.getEvents({ type: EventType.CUSTOM, userId: canaries.panelUserId });
    await scene.failing(async () => clinician.subjects.erase(canaries.userId, { mode: 'delete' }));
    await service.trackEvents(
      Array.from({ length: PEOPLE }, (_, place) => ({ type: EXPORTED, userId: `${canaries.exportedPerson}-${place}`, properties: { url: canaries.page, [canaries.eventKey]: canaries.eventValue }, metadata: { browser: 'Firefox', ip: canaries.ipAddress } })),
    );
    await service.processEvents();
    await using backups = await openBackups();
    await backups.full();
    await backups.incremental();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }

  const told = await Promise.all([
    scene.command(['export', EXPORTED, '--internal', '--field', 'metadata.browser', '--out', join(scene.dataDir, 'export.ndjson')]),
    scene.command(['dead-letters', 'list', '--json']),
    scene.command(['backup', 'verify']),
  ]);
  // These print what they were asked for, to whoever asked.
  const asked = await Promise.all([
    scene.command(['token', '--ttl', '60'], `${canaries.tokenSubject}\n`),
    scene.command(['api-keys', 'create', 'reader', '--role', 'clinician', '--purpose', 'treatment', '--panel-file', '-'], `${canaries.panelUserId}\n`),
  ]);
  const failed = [...told, ...asked].find(({ code }) => code !== 0);
  if (failed !== undefined) throw new Error(`A command ended with ${failed.code}:\n${failed.output}`);
  return told.map(({ output }) => output).join('\n');
}
