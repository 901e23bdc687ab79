import { Command } from 'commander';

import { describeApi } from '../http/openApi.js';

/** `openapi`: the description of the HTTP API, as it is served at /v1/openapi.json. */
export function createOpenApiCommand(): Command {
  return new Command('openapi').description('print the description of the HTTP API (OpenAPI 3.1)').action(() => {
    process.stdout.write(`${JSON.stringify(describeApi(), undefined, 2)}\n`);
  });
}
