#!/usr/bin/env node
import { Command } from 'commander';

import { AnalyticsError } from '../errors/AnalyticsError.js';
import { createAclCommand } from './acl.js';
import { createAuditCommand } from './audit.js';
import { createApiKeysCommand } from './apiKeys.js';
import { createBackupCommand } from './backup.js';
import { createDeadLettersCommand } from './deadLetters.js';
import { createKeysCommand } from './keys.js';
import { createExportCommand } from './export.js';
import { createOpenApiCommand } from './openApi.js';
import { createPublicKeyCommand } from './publicKey.js';
import { createReplayCommand } from './replay.js';
import { createSubjectsCommand } from './subjects.js';
import { createTokenCommand } from './token.js';
import { createEmergencyCommand } from './emergency.js';
import { createTokensCommand } from './tokens.js';

const program = new Command('analytics')
  .description('Commands of the analytics service')
  .showHelpAfterError('(--help tells what is allowed)')
  .addCommand(createReplayCommand())
  .addCommand(createDeadLettersCommand())
  .addCommand(createBackupCommand())
  .addCommand(createSubjectsCommand())
  .addCommand(createAuditCommand())
  .addCommand(createKeysCommand())
  .addCommand(createExportCommand())
  .addCommand(createTokenCommand())
  .addCommand(createTokensCommand())
  .addCommand(createApiKeysCommand())
  .addCommand(createEmergencyCommand())
  .addCommand(createPublicKeyCommand())
  .addCommand(createAclCommand())
  .addCommand(createOpenApiCommand());

try {
  await program.parseAsync();
} catch (error) {
  // Errors of the service say what to do; of any other the place is what helps.
  const isKnown = error instanceof AnalyticsError || isFileError(error);
  process.stderr.write(`${error instanceof Error ? (isKnown ? error.message : error.stack) : String(error)}\n`);
  process.exitCode = 1;
}

/** A file that is not there, or may not be read. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && 'path' in error && 'code' in error;
}
