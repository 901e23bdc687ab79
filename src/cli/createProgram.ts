import { Command } from 'commander';

import { createAclCommand } from './acl.js';
import { createApiKeysCommand } from './apiKeys.js';
import { createAuditCommand } from './audit.js';
import { createBackupCommand } from './backup.js';
import { createDeadLettersCommand } from './deadLetters.js';
import { createEmergencyCommand } from './emergency.js';
import { createExportCommand } from './export.js';
import { createKeysCommand } from './keys.js';
import { createOpenApiCommand } from './openApi.js';
import { createMfaCommand } from './mfa.js';
import { createPublicKeyCommand } from './publicKey.js';
import { createReplayCommand } from './replay.js';
import { createResponsibilitiesCommand } from './responsibilities.js';
import { createSubjectsCommand } from './subjects.js';
import { createTokenCommand } from './token.js';
import { createTokensCommand } from './tokens.js';

/** Every command of the service. */
export function createProgram(): Command {
  return new Command('analytics')
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
    .addCommand(createMfaCommand())
    .addCommand(createEmergencyCommand())
    .addCommand(createPublicKeyCommand())
    .addCommand(createAclCommand())
    .addCommand(createOpenApiCommand())
    .addCommand(createResponsibilitiesCommand());
}
