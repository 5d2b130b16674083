import type { JsonValue } from '../model/json.ts';
import { isSubject } from '../model/subject.ts';

/** What an authorization server says of a token (RFC 7662, section 2.2). */
export type Claims = Readonly<Record<string, JsonValue>>;

/** What is read of the claims of an active token, beside what the operator's rules read. Times in ms. */
export interface ReadClaims {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly expireAt: number | null;
  readonly notBefore: number | null;
  readonly creditsPerMinute: number | null;
}

const CREDITS_MAX = 1_000_000_000;
const SCOPES_MAX = 256;
/** A scope-token of RFC 6749, section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** Of a claim that is a NumericDate (RFC 7519, section 2); null when it is absent, undefined when it is none. */
function moment(claim: JsonValue | undefined): number | null | undefined {
  if (claim === undefined || claim === null) return null;
  if (typeof claim !== 'number' || Math.abs(claim) > 1e12) return undefined;
  return Math.floor(claim * 1000);
}

/** As above, for credits. */
function credits(claim: JsonValue | undefined): number | null | undefined {
  if (claim === undefined || claim === null) return null;
  return typeof claim === 'number' && Number.isInteger(claim) && claim >= 0 && claim <= CREDITS_MAX
    ? claim
    : undefined;
}

function scopesOf(claim: JsonValue | undefined): readonly string[] {
  if (typeof claim !== 'string') return [];
  return claim
    .split(' ')
    .filter((scope) => SCOPE.test(scope))
    .slice(0, SCOPES_MAX);
}

/** What the claims of an active token say; the name of the first that cannot be read. */
export function readClaims(claims: Claims): ReadClaims | string {
  const { sub } = claims;
  if (typeof sub !== 'string' || !isSubject(sub)) return 'sub';
  const expireAt = moment(claims.exp);
  if (expireAt === undefined) return 'exp';
  const notBefore = moment(claims.nbf);
  if (notBefore === undefined) return 'nbf';
  const creditsPerMinute = credits(claims.api_credits_per_minute);
  if (creditsPerMinute === undefined) return 'api_credits_per_minute';
  return { subject: sub, scopes: scopesOf(claims.scope), expireAt, notBefore, creditsPerMinute };
}
