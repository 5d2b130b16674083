import { hash } from 'node:crypto';
import type { Environment } from './consumer.ts';
import { crc32 } from './crc32.ts';

/**
 * Consumer tokens: `<prefix>_<live|test>_<32 random base62><6 checksum base62>`. The checksum is the CRC-32 of all
 * that stands before it, so that a mistyped token is refused without a look-up. About 190 random bits.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const TOKEN = /^(?:[a-z0-9](?:[a-z0-9_]{0,14}[a-z0-9])?)_(?:live|test)_[0-9A-Za-z]{38}$/;

/** What may begin a token: 1 to 16 of `a-z 0-9 _`, no underscore at either end. */
export const TOKEN_PREFIX = /^[a-z0-9](?:[a-z0-9_]{0,14}[a-z0-9])?$/;

/** The largest multiple of 62 in a byte's range: bytes from here on would favour the first letters. */
const UNBIASED_BELOW = 248;

/** `length` letters of base62, each equally likely; `randomBytes` gives cryptographically random bytes. */
export function randomBase62(length: number, randomBytes: (size: number) => Uint8Array): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length + 4)) {
      if (byte < UNBIASED_BELOW && text.length < length) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}

function checksum(text: string): string {
  let rest = crc32(Buffer.from(text, 'utf8'));
  let encoded = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    encoded = ALPHABET[rest % ALPHABET.length] + encoded;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return encoded;
}

/** A fresh token; shown once, kept as its hash. */
export function createToken(
  prefix: string,
  environment: Environment,
  randomBytes: (size: number) => Uint8Array,
): string {
  const body = `${prefix}_${environment}_${randomBase62(RANDOM_LENGTH, randomBytes)}`;
  return body + checksum(body);
}

/** True for text of the right form and checksum, under whatever prefix. Needs no look-up. */
export function isWellFormedToken(text: string): boolean {
  if (!TOKEN.test(text)) return false;
  return checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

/** True for text that begins as tokens with this prefix do: also for one that was cut short, or copied with more. */
export function looksIssued(text: string, prefix: string): boolean {
  return text.startsWith(`${prefix}_live_`) || text.startsWith(`${prefix}_test_`);
}

/** What is stored of a token: its SHA-256, lower-case hex. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Compares two hashes in a time that does not depend on where they differ: every digit is looked at. */
export function sameHash(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
