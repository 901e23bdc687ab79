import { isLoopback } from '../config/isLoopback.js';
import type { Config } from '../config/parseConfig.js';
import { isRedisTls, placeVariable } from '../config/redisPlace.js';

/** Who sees to a safeguard: this service does, nobody does, or whoever runs it. */
export type Duty = 'service' | 'nobody' | 'operator';

export interface Responsibility {
  readonly safeguard: string;
  /** The rule that asks for it, in 45 CFR. */
  readonly rule: string;
  readonly duty: Duty;
  /** What is done, or what is left to do. It names variables and no value of one that is secret. */
  readonly how: string;
}

/**
 * Which safeguards a configuration turns on, which it leaves off, and which it leaves to whoever runs the service: what goes
 * beside a business associate agreement. It looks at the configuration alone, so it says nothing of what runs.
 */
export function responsibilitiesOf(config: Config): Responsibility[] {
  return [...transport(config), ...keys(config), ...access(config), ...records(config), ...lasting(config)];
}

const row = (rule: string, safeguard: string, duty: Duty, how: string): Responsibility => ({ rule, safeguard, duty, how });

function transport(config: Config): Responsibility[] {
  const rule = '164.312(e)(1)';
  const isHere = placeVariable(config) === 'REDIS_URL' && isLoopback(new URL(config.REDIS_URL).hostname);
  const hasUser = config.REDIS_USERNAME !== undefined || (placeVariable(config) === 'REDIS_URL' && new URL(config.REDIS_URL).username !== '');
  return [
    config.ANALYTICS_TLS_CERT_FILE !== undefined
      ? row(rule, 'TLS of sockets and board', 'service', 'TLS 1.2 and later; the certificate is the operator’s to renew')
      : config.ANALYTICS_TLS_BY_PROXY
        ? row(rule, 'TLS of sockets and board', 'operator', 'ANALYTICS_TLS_BY_PROXY: the proxy ends TLS, and the way from it to here is in clear')
        : row(rule, 'TLS of sockets and board', 'nobody', 'set ANALYTICS_TLS_CERT_FILE and ANALYTICS_TLS_KEY_FILE; production does not start without'),
    isRedisTls(config)
      ? row(rule, 'TLS to Redis', 'service', 'certificates are checked')
      : config.REDIS_TLS_BY_PROXY
        ? row(rule, 'TLS to Redis', 'operator', 'REDIS_TLS_BY_PROXY: a mesh or tunnel encrypts')
        : isHere
          ? row(rule, 'TLS to Redis', 'operator', 'a loopback address: Redis, or a tunnel to it, is on this machine')
          : row(rule, 'TLS to Redis', 'nobody', 'begin REDIS_URL with rediss://, or set REDIS_TLS=true'),
    hasUser
      ? row('164.312(a)(1)', 'least rights in Redis', 'operator', 'a user is named; load the file that "npm run acl" writes')
      : row('164.312(a)(1)', 'least rights in Redis', 'nobody', 'make users with "npm run acl", and set REDIS_USERNAME'),
  ];
}

function keys(config: Config): Responsibility[] {
  const rule = '164.312(a)(2)(iv)';
  const hasList = config.ANALYTICS_ENCRYPTION_KEY !== undefined || config.ANALYTICS_ENCRYPTION_KEY_FILE !== undefined;
  return [
    hasList || config.ANALYTICS_PUBLIC_KEY !== undefined
      ? row(rule, 'sealed before it leaves the application, and at rest', 'service', hasList ? 'AES-256-GCM, a data key for each chunk' : 'this process seals to the public key and can open nothing')
      : row(rule, 'sealed before it leaves the application, and at rest', 'nobody', 'with a key made in ANALYTICS_DATA_DIR, beside the data: set ANALYTICS_ENCRYPTION_KEY_FILE; production does not start without'),
    config.ANALYTICS_KEY_PROVIDER !== undefined
      ? row(rule, 'custody of keys', 'operator', 'ANALYTICS_KEY_PROVIDER unwraps them; who may use the key management service')
      : row(rule, 'custody of keys', 'operator', `${config.ANALYTICS_ENCRYPTION_KEY === undefined ? 'a file' : 'a variable of the environment, which is seen by whoever may see the process'}: who reads it, and a copy that survives a fire`),
    config.ANALYTICS_KEY_STORE_URL !== undefined
      ? row(rule, 'data keys apart from the data', 'service', 'in a Redis of their own; that it is durable, and has no old backup, is the operator’s')
      : row(rule, 'data keys apart from the data', 'nobody', 'they lie beside the data: set ANALYTICS_KEY_STORE_URL so that a copy of one opens nothing'),
  ];
}

function access(config: Config): Responsibility[] {
  const byOthers = [config.ANALYTICS_TOKEN_JWKS_URL, config.ANALYTICS_TOKEN_JWKS_FILE, config.ANALYTICS_TOKEN_PUBLIC_KEY, config.ANALYTICS_TOKEN_PUBLIC_KEY_FILE].some((value) => value !== undefined);
  const isBare = config.ANALYTICS_ALLOW_BARE_AUTH && !config.isProduction && isLoopback(config.ANALYTICS_HOST);
  return [
    row('164.312(a)(1), 502(b)', 'who may see what', 'service', 'roles, rows and fields by policy, deny by default; which role a person has is the operator’s'),
    row('164.312(d)', 'who somebody is', 'operator', byOthers ? 'tokens of an identity provider are verified: accounts, and that they end, are its own' : 'tokens are signed with one secret, and whoever verifies can sign: use public keys'),
    config.ANALYTICS_TOKEN_ISSUER !== undefined && config.ANALYTICS_TOKEN_AUDIENCE !== undefined
      ? row('164.312(d)', 'tokens of others are refused', 'service', 'issuer and audience are checked')
      : row('164.312(d)', 'tokens of others are refused', 'nobody', 'set ANALYTICS_TOKEN_ISSUER and ANALYTICS_TOKEN_AUDIENCE'),
    secondFactor(config),
    row('164.308(a)(5)(ii)(C)', 'lock-out on failed sign-ins', 'service', 'by address and person, over all processes; acting on the alarm is the operator’s'),
    isBare
      ? row('164.312(d)', 'no socket without a token', 'nobody', 'ANALYTICS_ALLOW_BARE_AUTH lets sockets of this machine in without one; production never does')
      : row('164.312(d)', 'no socket without a token', 'service', 'each needs a token of its user'),
    row('164.312(a)(2)(iii)', 'automatic log-off', 'service', `board 15 minutes, sockets ${config.ANALYTICS_SOCKET_IDLE_MINUTES} minutes, 12 hours at most`),
    config.ANALYTICS_EMERGENCY_HASH !== undefined
      ? row('164.312(a)(2)(ii)', 'emergency access', 'operator', 'it works; the second secret has to lie where it is found in an emergency, and the drill is to be done')
      : row('164.312(a)(2)(ii)', 'emergency access', 'nobody', '"npm run emergency -- secret" makes what ANALYTICS_EMERGENCY_HASH needs'),
    config.ANALYTICS_GUARD === 'off'
      ? row('164.502(b)', 'identifiers in what is tracked', 'nobody', 'ANALYTICS_GUARD=off')
      : row('164.502(b)', 'identifiers in what is tracked', 'service', `ANALYTICS_GUARD=${config.ANALYTICS_GUARD}: known forms are found; the least that is tracked is the application’s`),
  ];
}

function secondFactor({ ANALYTICS_MFA, isProduction }: Config): Responsibility {
  const what = 'second factor of operators and admins at the board';
  switch (ANALYTICS_MFA ?? (isProduction ? 'required' : 'off')) {
    case 'required':
      return row('164.312(d)', what, 'service', 'a code, or a token that says that the identity provider asked (amr); who is enrolled is the operator’s');
    case 'provider':
      return row('164.312(d)', what, 'operator', 'ANALYTICS_MFA=provider: the identity provider has to ask every one of them');
    case 'off':
      return row('164.312(d)', what, 'nobody', 'set ANALYTICS_MFA=required; production asks by itself');
  }
}

function records(config: Config): Responsibility[] {
  return [
    row('164.312(b)', 'every read and change is recorded', 'service', 'before anything is given out; reading the log, and acting on it, is the operator’s'),
    config.ANALYTICS_AUDIT_DIR === undefined
      ? row('164.312(b), (c)(1)', 'checkpoints of the audit log elsewhere', 'nobody', 'they lie in ANALYTICS_DATA_DIR: set ANALYTICS_AUDIT_DIR to a volume that nobody who writes to Redis can write to')
      : row('164.312(b), (c)(1)', 'checkpoints of the audit log elsewhere', 'operator', 'in ANALYTICS_AUDIT_DIR: that it is elsewhere, and copied to what is written once'),
    config.ANALYTICS_AUDIT_DAYS >= 2192
      ? row('164.316(b)(2)', 'records for six years', 'service', `${config.ANALYTICS_AUDIT_DAYS} days`)
      : row('164.316(b)(2)', 'records for six years', 'nobody', `ANALYTICS_AUDIT_DAYS is ${config.ANALYTICS_AUDIT_DAYS}: six years are 2192`),
    row('164.312(c)(2)', 'changed data is found', 'service', `all of it is opened every ${Math.round(config.ANALYTICS_SCRUB_INTERVAL / 3_600_000)} hours; what is changed is never shown`),
  ];
}

function lasting(config: Config): Responsibility[] {
  return [
    config.ANALYTICS_BACKUP_DIR === undefined
      ? row('164.308(a)(7)', 'backup', 'nobody', 'set ANALYTICS_BACKUP_DIR, and run "npm run backup" on a schedule')
      : row('164.308(a)(7)', 'backup', 'operator', 'sealed runs in ANALYTICS_BACKUP_DIR: the schedule, a copy elsewhere, and a restore that was tried'),
    config.ANALYTICS_ALLOW_VOLATILE
      ? row('164.308(a)(7)', 'what was acknowledged survives a restart of Redis', 'nobody', 'ANALYTICS_ALLOW_VOLATILE=true')
      : row('164.308(a)(7)', 'what was acknowledged survives a restart of Redis', 'operator', 'production starts over an append-only file alone; its disk is the operator’s'),
    row('164.310(d)(2)(i)', 'disposal', 'service', `events end after ${config.ANALYTICS_RETENTION_DAYS} days unless their type says otherwise; erasures destroy keys`),
    row('164.314(a), 164.308(b)', 'business associate agreements', 'operator', 'with whoever runs machines, Redis, backups, key management and identity'),
    row('164.308(a)', 'risk analysis, people, training, incidents', 'operator', 'docs/threat-model.md is the part that software can bring along'),
    row('164.310', 'machines, disks, swap, physical access', 'operator', 'full-disk encryption, patches, clocks'),
  ];
}
