import { randomInt } from 'node:crypto';

/** Without letters and digits that look alike. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const LENGTH = 10;
const CODES = 10;
const HALF = LENGTH / 2;
const PLAIN = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`);

/** Codes for when a telephone is lost, each good once: 49 random bits, as `abcde-fgh23`. */
export function newRecoveryCodes(): string[] {
  const one = (): string => Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: CODES }, one).map((code) => `${code.slice(0, HALF)}-${code.slice(HALF)}`);
}

/** A recovery code as it was typed, without what people put between its letters; undefined for what is none. */
export function plainRecoveryCode(typed: string): string | undefined {
  const plain = typed.toLowerCase().replaceAll(/[\s-]/g, '');
  return PLAIN.test(plain) ? plain : undefined;
}
