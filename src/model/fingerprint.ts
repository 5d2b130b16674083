import { createHmac } from 'node:crypto';

/** Length of a fingerprint key in bytes. */
export const FINGERPRINT_KEY_BYTES = 32;

/**
 * A keyed hash (HMAC-SHA-256, lower-case hex): equal for equal values, and without the key of no use to someone who
 * guesses values.
 */
export function createFingerprint(key: Uint8Array): (value: string) => string {
  return (value) => createHmac('sha256', key).update(value, 'utf8').digest('hex');
}
