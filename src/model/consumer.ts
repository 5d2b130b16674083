export type ConsumerLifecycle = 'active' | 'disabled' | 'revoked';
export type Environment = 'live' | 'test';

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
  readonly state: ConsumerLifecycle;
  readonly expireAt: number | null;
  /** SHA-256 of its token, lower-case hex. */
  readonly tokenHash: string;
  readonly grantedTierIds: readonly string[];
  readonly lastUsedAt: number | null;
  /** Counts admin edits from 1; the etag. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}
