import express from 'express';

import { healthRoutes } from '../../../src/http/healthRoutes.js';
import { apiOperations } from '../../../src/http/operations.js';
import { connect } from '../../../src/redis/connect.js';
import { parseConfig } from '../../../src/config/parseConfig.js';
import { routesOf } from './routesOf.js';

/** Every route of the role `http`. Other methods of its paths are answered with 405. */
export function apiRoutes(): string[] {
  const redis = connect(parseConfig({ REDIS_URL: 'redis://127.0.0.1:1' }), 'failFast', 'threat-model', () => undefined);
  try {
    const app = express().use(healthRoutes({ redis, isClosing: () => false }));
    return [...routesOf(app), 'GET /v1/openapi.json', ...apiOperations.map(({ method, path }) => `${method} ${path}`)];
  } finally {
    redis.disconnect();
  }
}
