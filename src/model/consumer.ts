import { sameHash } from './token.ts';

export type ConsumerLifecycle = 'active' | 'disabled' | 'revoked';
export type Environment = 'live' | 'test';

/** What a consumer may use of one resource, within what it may use in all. */
export interface CreditLimit {
  /** The caller's own name for it, such as `/chat`; compared whole. */
  readonly resource: string;
  /** Credits per sliding minute. */
  readonly creditsPerMinute: number;
}

/** A token that was replaced and is still accepted before `expireAt` (ms). */
export interface PreviousToken {
  /** Its SHA-256, lower-case hex. */
  readonly hash: string;
  readonly expireAt: number;
}

/** Why and when (ms) a consumer was revoked, for good. */
export interface Revocation {
  readonly reason: string;
  readonly at: number;
}

/** A client of Keypool. Times in ms; `expireAt` null for never. */
export interface Consumer {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly environment: Environment;
  readonly scopes: readonly string[];
  /** Addresses and CIDR prefixes it may call from; empty for any. */
  readonly allowedIps: readonly string[];
  /** Credits per sliding minute; null for the service's default. */
  readonly creditsPerMinute: number | null;
  /** Limits of single resources, each named once. */
  readonly creditLimits: readonly CreditLimit[];
  readonly state: ConsumerLifecycle;
  /** Null unless its state is `revoked`. */
  readonly revocation: Revocation | null;
  readonly expireAt: number | null;
  /** SHA-256 of its token, lower-case hex. */
  readonly tokenHash: string;
  /** The token before this one; null when none was replaced with a grace period. */
  readonly previousToken: PreviousToken | null;
  readonly grantedTierIds: readonly string[];
  readonly lastUsedAt: number | null;
  /** Counts admin edits from 1; the etag. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * True when a token with this hash is the consumer's own, or the one before within its grace period; `now` in ms. Takes
 * as long whatever the hash is.
 */
export function isTokenOf(consumer: Consumer, tokenHash: string, now: number): boolean {
  const { previousToken } = consumer;
  const isCurrent = sameHash(tokenHash, consumer.tokenHash);
  const isPrevious = previousToken !== null && sameHash(tokenHash, previousToken.hash);
  return isCurrent || (isPrevious && now < previousToken.expireAt);
}
