import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

/**
 * Sealing of values at rest: AES-256-GCM (NIST SP 800-38D), written as `enc:gcm:<key-id>:<payload>` where payload is
 * base64url of nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes). The row and field it belongs to are authenticated as
 * additional data, so that a ciphertext moved elsewhere does not open. Text without the tag is plaintext.
 */
export interface Sealer {
  /** Seals under the current key; gives the text unchanged when there is none. */
  readonly seal: (plain: string, place: SealedPlace) => string;
  /** Opens sealed text, or gives plaintext as it is. Throws {@link SealBrokenError}. */
  readonly open: (stored: string, place: SealedPlace) => string;
  /** The id of the current key, null when values are kept in plaintext. */
  readonly keyId: string | null;
  readonly retiredKeyIds: readonly string[];
}

/** Where a sealed text stands, such as `{table: "keys", row: "<id>", field: "value"}`. */
export interface SealedPlace {
  readonly table: string;
  readonly row: string;
  readonly field: string;
}

export class SealBrokenError extends Error {
  /** The id of the sealing key that the text names. */
  readonly keyId: string;

  constructor(keyId: string, message: string) {
    super(message);
    this.name = 'SealBrokenError';
    this.keyId = keyId;
  }
}

const TAG = 'enc:gcm:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** True for text that begins like a sealed one; refused as input. */
export function looksSealed(text: string): boolean {
  return text.startsWith(TAG);
}

/** The id of the sealing key that a sealed text names; null for plaintext. */
export function sealingKeyIdOf(stored: string): string | null {
  return looksSealed(stored) ? (stored.slice(TAG.length).split(':')[0] ?? '') : null;
}

/** What every text begins with that was sealed by the key of this id. */
export function sealedPrefix(keyId: string): string {
  return `${TAG}${keyId}:`;
}

/** Names a sealing key without telling it: the first 8 hex digits of a domain-separated SHA-256. */
export function sealingKeyId(key: Uint8Array): string {
  return createHash('sha256').update('keypool sealing key id\0').update(key).digest('hex').slice(0, 8);
}

function additionalData(place: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([place.table, place.row, place.field]));
}

/**
 * A sealer with an optional current key and retired ones that still open. Keys are 32 bytes; `randomBytes` gives
 * nonces. A random 96-bit nonce is safe for 2^32 seals under one key.
 */
export function createSealer(
  current: Uint8Array | null,
  retired: readonly Uint8Array[],
  randomBytes: (size: number) => Uint8Array,
): Sealer {
  const currentId = current === null ? null : sealingKeyId(current);
  const retiredKeyIds = retired.map(sealingKeyId);
  const ring = new Map<string, Uint8Array>();
  for (const key of retired) ring.set(sealingKeyId(key), key);
  if (current !== null) ring.set(sealingKeyId(current), current);
  return {
    keyId: currentId,
    retiredKeyIds,
    seal: (plain, place) => {
      if (current === null) return plain;
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current, nonce);
      cipher.setAAD(additionalData(place));
      const payload = Buffer.concat([
        nonce,
        cipher.update(plain, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return `${TAG}${currentId}:${payload.toString('base64url')}`;
    },
    open: (stored, place) => {
      const keyId = sealingKeyIdOf(stored);
      if (keyId === null) return stored;
      const key = ring.get(keyId);
      if (key === undefined)
        throw new SealBrokenError(keyId, `sealed with key ${keyId}, which is not configured`);
      return openPayload(key, keyId, stored.slice(TAG.length + keyId.length + 1), place);
    },
  };
}

function openPayload(key: Uint8Array, keyId: string, payload: string, place: SealedPlace): string {
  const bytes = Buffer.from(payload, 'base64url');
  // The decoder passes over characters that are none of base64url; a stored text must be the one that was written.
  if (bytes.toString('base64url') !== payload)
    throw new SealBrokenError(keyId, 'the sealed text was altered or moved');
  const end = bytes.length - TAG_BYTES;
  if (end < NONCE_BYTES) throw new SealBrokenError(keyId, 'the sealed text is cut short');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(additionalData(place));
    decipher.setAuthTag(bytes.subarray(end));
    const opened = [decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()];
    return Buffer.concat(opened).toString('utf8');
  } catch {
    throw new SealBrokenError(keyId, 'the sealed text was altered or moved');
  }
}
