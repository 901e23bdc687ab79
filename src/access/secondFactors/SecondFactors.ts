import { generateSecret, generateURI, verify } from 'otplib';
import { z } from 'zod';

import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import { ValidationError } from '../../errors/ValidationError.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { ReadingKeys } from '../../security/KeyRing.js';
import { newRecoveryCodes, plainRecoveryCode } from './recoveryCodes.js';

export interface SecondFactorsOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: Pick<ReadingKeys, 'fields' | 'fingerprints'>;
}

/** What a person gets who is enrolled: shown once, kept sealed or as hashes. */
export interface NewSecondFactor {
  /** `otpauth://totp/…`: what an authenticator takes, as a QR code or by hand. */
  readonly uri: string;
  /** base32, for those who cannot scan. */
  readonly secret: string;
  /** Each good once. */
  readonly recoveryCodes: readonly string[];
}

/** Somebody who has a second factor. */
export interface SecondFactorInfo {
  readonly subject: string;
  /** ms since 1970. */
  readonly enrolledAt: number;
  readonly recoveryCodesLeft: number;
}

/** What a code turned out to be. `used`: it was good, and somebody has used it before. */
export type CodeAnswer = 'code' | 'recovery' | 'wrong' | 'used';

const recordSchema = z.object({ subject: textSchema(limits.subjectLength), secret: z.string().min(1), enrolledAt: z.number() });

/** As authenticators have it by default: RFC 6238 with SHA-1, 6 digits, 30 s. */
const STEP_SECONDS = 30;
const CODE = /^\d{6}$/;
/** A code of the step before or after is good too: clocks differ, and people take their time. */
const TOLERANCE_SECONDS = STEP_SECONDS;
/** What a field of a sealed factor begins with. */
export const FACTOR_FIELD = 'f:';
const RECOVERY = 'r:';

/**
 * Second factors of people who sign in to the board: time-based codes (RFC 6238), and recovery codes. Secrets rest sealed and
 * bound to whose they are; who that is, and recovery codes, stand as keyed hashes. A code is good once, over all processes.
 */
export class SecondFactors {
  readonly #options: SecondFactorsOptions;

  constructor(options: SecondFactorsOptions) {
    this.#options = options;
  }

  /**
   * Gives somebody a second factor, in the place of one that they may have.
   * @param issuer stands beside the code in an authenticator
   * @throws ValidationError for a name that no token can have
   */
  async enroll(subject: string, issuer: string, now = Date.now()): Promise<NewSecondFactor> {
    const { redis, keys, secrets } = this.#options;
    if (!textSchema(limits.subjectLength).safeParse(subject).success) {
      throw new ValidationError('second factor', [{ path: 'subject', given: 'another', allowed: `1 to ${limits.subjectLength} characters, well-formed Unicode` }]);
    }
    const secret = generateSecret();
    const recoveryCodes = newRecoveryCodes();
    const who = this.#markOf(subject);
    const sealed = secrets.fields.seal(factorPlace(who), JSON.stringify({ subject, secret, enrolledAt: now }));
    const hashes = recoveryCodes.map((code) => this.#recoveryHash(who, plainRecoveryCode(code) ?? ''));
    await script('replaceFactor').run(redis, { keys: [keys.secondFactors], args: [who, sealed, ...hashes] });
    return { uri: generateURI({ issuer, label: subject, secret }), secret, recoveryCodes };
  }

  /** @returns whether there was one */
  async remove(subject: string): Promise<boolean> {
    const { redis, keys } = this.#options;
    return (await script('replaceFactor').run(redis, { keys: [keys.secondFactors], args: [this.#markOf(subject), ''] })) === 1;
  }

  /** @throws what Redis answers; KeyError when what is there does not open */
  async isEnrolled(subject: string): Promise<boolean> {
    return (await this.#read(this.#markOf(subject))) !== undefined;
  }

  /**
   * Looks at a code, and uses it up. Count the try before: a code can be guessed (`LockOut.take`).
   * @throws what Redis answers; KeyError when what is there does not open: then let nobody in
   */
  async check(subject: string, typed: string, now = Date.now()): Promise<CodeAnswer> {
    const { redis, keys } = this.#options;
    const who = this.#markOf(subject);
    const record = await this.#read(who);
    if (record === undefined) return 'wrong';
    const digits = typed.replaceAll(/\s/g, '');
    if (CODE.test(digits)) {
      const result = await verify({ secret: record.secret, token: digits, epoch: Math.floor(now / 1000), epochTolerance: TOLERANCE_SECONDS, period: STEP_SECONDS });
      if (!result.valid || !('timeStep' in result)) return 'wrong';
      const isFirst = await script('useTimeStep').run(redis, { keys: [keys.secondFactors], args: [who, result.timeStep] });
      return isFirst === 1 ? 'code' : 'used';
    }
    const code = plainRecoveryCode(typed);
    if (code === undefined) return 'wrong';
    // Whoever removes it has used it.
    return (await redis.hdel(keys.secondFactors, `${RECOVERY}${who}:${this.#recoveryHash(who, code)}`)) === 1 ? 'recovery' : 'wrong';
  }

  /** Everybody who has one, by name; and how many records do not open. */
  async list(): Promise<{ readonly people: SecondFactorInfo[]; readonly broken: number }> {
    const { redis, keys } = this.#options;
    const all = await redis.hgetallBuffer(keys.secondFactors);
    const people: SecondFactorInfo[] = [];
    let broken = 0;
    for (const [field, sealed] of Object.entries(all).filter(([name]) => name.startsWith(FACTOR_FIELD))) {
      const who = field.slice(FACTOR_FIELD.length);
      try {
        const { subject, enrolledAt } = this.#opened(who, sealed);
        people.push({ subject, enrolledAt, recoveryCodesLeft: Object.keys(all).filter((name) => name.startsWith(`${RECOVERY}${who}:`)).length });
      } catch {
        broken += 1;
      }
    }
    return { people: people.toSorted((one, other) => one.subject.localeCompare(other.subject)), broken };
  }

  async #read(who: string): Promise<z.output<typeof recordSchema> | undefined> {
    const { redis, keys } = this.#options;
    const sealed = await redis.hgetBuffer(keys.secondFactors, `${FACTOR_FIELD}${who}`);
    return sealed === null ? undefined : this.#opened(who, sealed);
  }

  #opened(who: string, sealed: Buffer): z.output<typeof recordSchema> {
    return recordSchema.parse(JSON.parse(this.#options.secrets.fields.open(factorPlace(who), sealed)));
  }

  #markOf(subject: string): string {
    return this.#options.secrets.fingerprints.secondFactor(subject).toString('base64url');
  }

  #recoveryHash(who: string, code: string): string {
    return this.#options.secrets.fingerprints.secondFactor(`${who}|${code}`).toString('base64url');
  }
}

/** What a sealed factor is bound to: at another's place it does not open. */
export function factorPlace(who: string): string {
  return `second factor|${who}`;
}
