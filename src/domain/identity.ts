import type { Consumer } from '../model/consumer.ts';
import type { JsonValue } from '../model/json.ts';

/** A JWT of Keypool's own whose signature and claims were verified. */
export interface VerifiedJwt {
  /** Its `jti`. */
  readonly id: string;
  /** Its `kid`: of the key that signed it. */
  readonly keyId: string;
  readonly consumerId: string;
  /** Names the token that it was exchanged for; see `tokenThumbprint`. */
  readonly thumbprint: string;
  readonly scopes: readonly string[];
  /** The first moment (ms) at which it is no longer accepted. */
  readonly expireAt: number;
}

/** What a consumer showed: its own token, or a JWT that it got for that. */
export type Credential =
  | {
      readonly kind: 'token';
      /** SHA-256 of the token, lower-case hex. */
      readonly hash: string;
    }
  | { readonly kind: 'jwt'; readonly jwt: VerifiedJwt };

export interface ConsumerIdentity {
  readonly kind: 'consumer';
  readonly consumer: Consumer;
  /** What it may do: the consumer's scopes; by a JWT, those of its scopes that the consumer still has. */
  readonly scopes: readonly string[];
  readonly credential: Credential;
}

/** A consumer that came with its own token. `hash`: SHA-256 of that, which may be its former one. */
export function identityByToken(consumer: Consumer, hash: string = consumer.tokenHash): ConsumerIdentity {
  return { kind: 'consumer', consumer, scopes: consumer.scopes, credential: { kind: 'token', hash } };
}

/** Whom a token of another authorization server (RFC 7662) stands for. */
export interface SubjectIdentity {
  readonly kind: 'subject';
  /** The token's `sub`, 1 to 255 characters. */
  readonly subject: string;
  /** The tiers it may draw from; the same list for as long as the token is known as it is. */
  readonly tiers: readonly string[];
  /** Its scopes with that server. They say nothing about what it may do in Keypool: see `holdsScope`. */
  readonly scopes: readonly string[];
  /** Credits per sliding minute; null for the service's default. */
  readonly creditsPerMinute: number | null;
  /** Fields that the operator adds to what is logged of it. */
  readonly extra: Readonly<Record<string, JsonValue>>;
  /** The first moment (ms) at which its token is no longer accepted; null when the server names none. */
  readonly expireAt: number | null;
}

/** Who is calling, after its token was checked. */
export type Identity = { readonly kind: 'root' } | ConsumerIdentity | SubjectIdentity;

/** No consumer's id begins so. */
const SUBJECT = 'subject:';

/** Names a subject as a caller: see {@link callerIdOf}. */
export function subjectCallerId(subject: string): string {
  return SUBJECT + subject;
}

/** Names a caller in the audit: empty for root, a consumer's id, `subject:<sub>`. */
export function callerIdOf(identity: Identity): string {
  switch (identity.kind) {
    case 'root':
      return '';
    case 'consumer':
      return identity.consumer.id;
    case 'subject':
      return subjectCallerId(identity.subject);
  }
}
