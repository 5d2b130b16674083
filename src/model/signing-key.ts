import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** An Ed25519 key pair that signs JWTs for a time. Times in ms, the store's. */
export interface SigningKey {
  /** Its `kid`: the JWK thumbprint of its public key (RFC 7638). */
  readonly id: string;
  /** The id of the key that it takes over from; empty for the first. Unique, so that processes agree on one. */
  readonly follows: string;
  /** It signs from then on … */
  readonly signFrom: number;
  /** … and until then; what it signed is accepted for as long as it says. */
  readonly signUntil: number;
  /** The public key, 32 bytes in base64url (`x` of RFC 8037). */
  readonly publicKey: string;
  /** The private key, as sealed text of 32 bytes in base64url. */
  readonly privateKey: string;
}

/** A public key as `/.well-known/jwks.json` shows it (RFC 7517, RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly use: 'sig';
  readonly alg: 'EdDSA';
  readonly kid: string;
  readonly x: string;
}

/** Bytes of a private key. */
export const SIGNING_KEY_BYTES = 32;

/** What stands before the 32 bytes of a private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** `seed`: 32 bytes. */
export function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

/** The public key that belongs to a private one, in base64url. */
export function publicTextOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
}

export function publicJwkOf({ id, publicKey }: Pick<SigningKey, 'id' | 'publicKey'>): PublicJwk {
  return { kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid: id, x: publicKey };
}

export function publicKeyOf(key: Pick<SigningKey, 'id' | 'publicKey'>): KeyObject {
  return createPublicKey({ key: { ...publicJwkOf(key) }, format: 'jwk' });
}
