import { USAGE } from './schema-2-usage.ts';

/** Identity: consumers' tokens. */
const CONSUMERS = `
ALTER TABLE consumers ADD COLUMN credit_limits TEXT NOT NULL DEFAULT '[]';
ALTER TABLE consumers ADD COLUMN previous_token_hash TEXT;
ALTER TABLE consumers ADD COLUMN previous_token_expire_at INTEGER;
ALTER TABLE consumers ADD COLUMN revocation_reason TEXT;
ALTER TABLE consumers ADD COLUMN revoked_at INTEGER;
CREATE UNIQUE INDEX consumers_by_previous_token ON consumers (previous_token_hash)
  WHERE previous_token_hash IS NOT NULL;
`;

/** Credits and who pays them. */
const CREDITS = `
CREATE TABLE credit_pools (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stamps TEXT NOT NULL, idle_at INTEGER NOT NULL
);
CREATE INDEX credit_pools_by_idle ON credit_pools (idle_at);
CREATE TABLE charge_rounds (no INTEGER PRIMARY KEY, at INTEGER NOT NULL, charges TEXT NOT NULL);
CREATE TABLE charged_requests (
  request TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, at INTEGER NOT NULL, pools TEXT NOT NULL,
  expire_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX charged_requests_by_expiry ON charged_requests (expire_at);
CREATE TABLE owner_credits (
  owner TEXT PRIMARY KEY, credits_per_minute INTEGER NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;
`;

/** JWTs, and tokens of others. */
const SUBJECTS = `
CREATE TABLE signing_keys (
  id TEXT PRIMARY KEY, follows TEXT NOT NULL UNIQUE, sign_from INTEGER NOT NULL, sign_until INTEGER NOT NULL,
  public_key TEXT NOT NULL, private_key TEXT NOT NULL
);
CREATE TABLE kept_tokens (key TEXT PRIMARY KEY, body TEXT NOT NULL, expire_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX kept_tokens_by_expiry ON kept_tokens (expire_at);
CREATE TABLE denied_subjects (subject TEXT PRIMARY KEY, reason TEXT NOT NULL, denied_at INTEGER NOT NULL) WITHOUT ROWID;
`;

/** The second schema: inbound identity. */
export const SCHEMA_2 = CONSUMERS + CREDITS + SUBJECTS + USAGE;
