import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type { PublicJwk } from '../model/signing-key.ts';
import { tokenHash } from '../model/token.ts';
import { KeypoolError } from './errors.ts';
import type { VerifiedJwt } from './identity.ts';
import type { SigningKeys } from './signing-keys.ts';
import { tokenExpired, tokenInvalid } from './token-refusals.ts';

export interface JwtSettings {
  /** `iss` of what is signed and accepted. */
  readonly issuer: string;
  /** `aud` of what is signed and accepted. */
  readonly audience: string;
  /** How long a JWT is accepted: 1 s to 24 h. */
  readonly ttlMs: number;
  /** How long a signing key signs. */
  readonly rotationMs: number;
}

export const DEFAULT_JWT_SETTINGS: JwtSettings = {
  issuer: 'keypool',
  audience: 'keypool',
  ttlMs: 3_600_000,
  rotationMs: 30 * 86_400_000,
};

/** What a new JWT says. */
export interface JwtGrant {
  readonly id: string;
  readonly consumerId: string;
  readonly thumbprint: string;
  readonly scopes: readonly string[];
  /** ms; the JWT's `iat`. */
  readonly issuedAt: number;
  /** ms; the JWT expires then or within the second before. */
  readonly expireAt: number;
}

/** JWTs of Keypool's own: access tokens as of RFC 9068, signed with EdDSA (RFC 8037). */
export interface AccessTokens {
  readonly ttlMs: number;
  readonly sign: (grant: JwtGrant) => Promise<{ readonly token: string; readonly expireAt: number }>;
  /** One that was verified before, by the SHA-256 of its text in hex. Its time may be over. */
  readonly known: (hash: string) => VerifiedJwt | undefined;
  /** Whether a text says that it is a JWT of this issuer. What it says is not to be believed yet. */
  readonly claimsToBe: (token: string) => boolean;
  /** Errors: TOKEN_INVALID, TOKEN_EXPIRED, STORE_UNAVAILABLE. */
  readonly verify: (token: string, hash: string) => Promise<VerifiedJwt>;
  /**
   * Whether the key that signed it is still accepted, as of 0.9 s ago or later; undefined where that cannot be told
   * without a look into the store.
   */
  readonly knownToStand: (jwt: VerifiedJwt) => boolean | undefined;
  /** The same, with a look. Error: STORE_UNAVAILABLE. */
  readonly stands: (jwt: VerifiedJwt) => Promise<boolean>;
  readonly publishedKeys: () => Promise<readonly PublicJwk[]>;
  /** See {@link SigningKeys}. */
  readonly rotateKeys: SigningKeys['rotate'];
  readonly replaceKeys: SigningKeys['replace'];
}

/** Verified ones that are remembered: each saves a signature check of some 100 µs. */
const VERIFIED_MAX = 20_000;
const FORM = /^[\w-]+\.([\w-]+)\.[\w-]*$/;
const TYPE = 'at+jwt';
const ALGORITHM = 'EdDSA';

/**
 * Names a token in the JWTs that were exchanged for it: half of the SHA-256 of its hash, in base64url. Of no use for
 * finding the token or its row.
 */
export function tokenThumbprint(hash: string): string {
  return Buffer.from(tokenHash(hash), 'hex').subarray(0, 16).toString('base64url');
}

/** The claims of a text that looks like a JWT; null for any other. Nothing is verified. */
function claimsOf(token: string): Readonly<Record<string, unknown>> | null {
  const payload = FORM.exec(token)?.[1];
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? { ...claims } : null;
  } catch {
    return null;
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw tokenInvalid();
  return value;
}

function toRefusal(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return tokenExpired();
  if (error instanceof errors.JOSEError) return tokenInvalid(error);
  // What the library could not read, such as a key of another kind.
  return error instanceof TypeError || error instanceof DOMException ? tokenInvalid(error) : error;
}

async function sign(keys: SigningKeys, { issuer, audience }: JwtSettings, grant: JwtGrant) {
  const { id: kid, key } = await keys.current();
  const exp = Math.floor(grant.expireAt / 1000);
  const claims = { scope: grant.scopes.join(' '), client_id: grant.consumerId, tkt: grant.thumbprint };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(grant.consumerId)
    .setJti(grant.id)
    .setIssuedAt(Math.floor(grant.issuedAt / 1000))
    .setExpirationTime(exp)
    .sign(key);
  return { token, expireAt: exp * 1000 };
}

/** `now`: the store's time in ms. */
async function verify(
  keys: SigningKeys,
  { issuer, audience }: JwtSettings,
  token: string,
  now: number,
): Promise<VerifiedJwt> {
  const keyOf = async ({ kid }: { readonly kid?: string }) => {
    const key = kid === undefined ? null : await keys.find(kid);
    if (key === null) throw tokenInvalid();
    return key;
  };
  const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
    // One algorithm: a header cannot choose another, nor none.
    algorithms: [ALGORITHM],
    typ: TYPE,
    issuer,
    audience,
    requiredClaims: ['sub', 'jti', 'iat', 'exp'],
    currentDate: new Date(now),
  });
  return {
    id: text(payload.jti),
    keyId: text(protectedHeader.kid),
    consumerId: text(payload.sub),
    thumbprint: text(payload.tkt),
    scopes: text(payload.scope).split(' ').filter(Boolean),
    expireAt: (payload.exp ?? 0) * 1000,
  };
}

/** `now`: the store's time in ms. */
export function createAccessTokens(
  keys: SigningKeys,
  settings: JwtSettings,
  now: () => number,
): AccessTokens {
  const verified = new LRUCache<string, VerifiedJwt>({ max: VERIFIED_MAX });
  return {
    ttlMs: settings.ttlMs,
    sign: (grant) => sign(keys, settings, grant),
    known: (hash) => verified.get(hash),
    claimsToBe: (token) => claimsOf(token)?.iss === settings.issuer,
    verify: async (token, hash) => {
      try {
        const jwt = await verify(keys, settings, token, now());
        verified.set(hash, jwt);
        return jwt;
      } catch (error) {
        throw error instanceof KeypoolError ? error : toRefusal(error);
      }
    },
    knownToStand: ({ keyId }) => keys.has(keyId),
    stands: async ({ keyId }) => (await keys.find(keyId)) !== null,
    publishedKeys: keys.published,
    rotateKeys: keys.rotate,
    replaceKeys: keys.replace,
  };
}
