import { readFileSync } from 'node:fs';

import type { Redis } from 'ioredis';

/** The connection, but the command that the script calls as its `place`-th is refused by Redis. */
export function failingScript(redis: Redis, name: string, place: number): Redis {
  const source = readFileSync(new URL(`../../src/redis/scripts/${name}.lua`, import.meta.url), 'utf8');
  const failing = `local calls, server = 0, redis
    local function at(call) return function(...)
      calls = calls + 1
      if calls == ${place} then return call('NO.SUCH.COMMAND') end
      return call(...)
    end end
    local redis = { call = at(server.call), pcall = at(server.pcall), error_reply = server.error_reply }
    ${source}`;
  const callBuffer = async (_command: string, _script: string, ...rest: (string | Buffer | number)[]) => redis.callBuffer('eval', failing, ...rest);
  return new Proxy(redis, {
    get(target, property) {
      if (property === 'callBuffer') return callBuffer;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
